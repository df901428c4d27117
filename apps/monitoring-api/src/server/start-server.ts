import { type Runtime } from '../runtime/runtime.ts';
import { closeServer, listen, type Listening } from './listen.ts';
import { isLoopback } from './security.ts';
import { createServer } from './server.ts';
import { resolveToken, sha256, tokenCheck } from './token.ts';

const CLOSE_TIMEOUT_MS = 3_000;

export interface ListenOptions {
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** Whether the server keeps the process alive. Default false. */
  readonly keepAlive?: boolean;
  /**
   * Whether requests to this server are traced, measured and logged like any others. Default false:
   * inside a service they would mix with the service's own. `dwcp start` does so.
   */
  readonly observeRequests?: boolean;
}

export interface RunningServer extends AsyncDisposable, Listening {
  /** A token that was made just now because the server can be reached from outside; shown once. */
  readonly generatedToken: string | undefined;
  /** Stops taking requests and gives those under way until the limit. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}

/** Listens and serves the API and the console. */
export async function startServer(
  runtime: Runtime,
  options: ListenOptions = {},
): Promise<RunningServer> {
  const { config, clock } = runtime;
  const host = options.host ?? config.server.host;
  const { token } = config.server;
  const { check, generated } = isLoopback(host)
    ? { check: token === undefined ? undefined : tokenCheck(sha256(token)), generated: undefined }
    : await resolveToken(config.dataDir, token);

  const closing = new AbortController();
  const app = await createServer({
    runtime,
    host,
    token: check,
    closing: closing.signal,
    observeRequests: options.observeRequests ?? false,
  });
  if (options.keepAlive !== true) {
    app.server.unref();
    app.server.on('connection', (socket) => socket.unref());
  }
  const listening = await listen(app, host, options.port ?? config.server.port);
  runtime.setListening(listening.url);

  let closed: Promise<void> | undefined;
  const close = ({ timeoutMs = CLOSE_TIMEOUT_MS } = {}): Promise<void> => {
    if (closed === undefined) {
      closing.abort();
      runtime.setListening('');
      closed = closeServer(app, clock, timeoutMs);
    }
    return closed;
  };
  return {
    ...listening,
    generatedToken: generated,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
