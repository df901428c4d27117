import { hostname } from 'node:os';

import { formatDuration, systemClock } from '@dwcp/core';

import { type Config } from '../config/config.ts';
import { envSource } from '../config/env-source.ts';
import { parseConfig } from '../config/parse-config.ts';
import { codeSource, type ConfigSource } from '../config/source.ts';
import { Runtime } from '../runtime/runtime.ts';
import { type RunningServer, startServer } from '../server/start-server.ts';
import { version } from '../version.ts';
import { adaptHeapGrowth } from './heap-growth.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';
import { jsonLog, readableLog } from './log-output.ts';
import { readArgs } from './run.ts';

/** From the signal to the end; what an orchestrator gives is usually 10 s or more. */
const SHUTDOWN_MS = 4_500;
const SERVER_CLOSE_MS = 1_500;

/** Watches, stores and serves until it is told to stop. */
export async function start(io: Io): Promise<ExitCode> {
  const { values } = readArgs({
    args: [...io.argv],
    options: {
      config: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      'data-dir': { type: 'string' },
      'log-json': { type: 'boolean' },
    },
    strict: true,
    allowPositionals: false,
  });
  const config = await readConfig(io, values);
  const json = values['log-json'] === true || io.env['DWCP_LOG_FORMAT'] === 'json';
  const logDestination = json ? jsonLog(io.out) : readableLog(io.err, styleFor(io.err, io.env));
  const runtime = new Runtime({
    config,
    logDestination,
    readConfig: () => readConfig(io, values),
  });
  const onReload = (): void => {
    // It logs what is wrong and counts it; the old configuration goes on.
    runtime.reload.run().catch(() => undefined);
  };
  process.on('SIGHUP', onReload);
  using _growth = adaptHeapGrowth(systemClock);

  const stop = Promise.withResolvers<undefined>();
  const letSignalsKill = (): void => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  };
  const onSignal = (): void => {
    // A second signal is for who cannot wait.
    letSignalsKill();
    stop.resolve(undefined);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  // The server answers /health while the stores open; /ready says when the rest does.
  const serving = startServer(runtime, { keepAlive: true, observeRequests: true });
  try {
    // A start may take as long as a disk does, and can be stopped all the while.
    const started = await Promise.race([
      Promise.allSettled([runtime.initialize(), serving]),
      stop.promise,
    ]);
    if (started !== undefined) {
      const [opened, listening] = started;
      if (opened.status === 'rejected') throw opened.reason;
      if (listening.status === 'rejected') throw listening.reason;
      const server = listening.value;
      if (json) runtime.log.info({ url: server.url }, 'listening');
      else greet(io, runtime, config, server);
      if (server.generatedToken !== undefined) tellToken(io, server.generatedToken);
      await stop.promise;
    }
    if (!json) io.out.write('stopping: writing what waits\n');
    return 0;
  } finally {
    letSignalsKill();
    process.off('SIGHUP', onReload);
    await serving.then(
      (server) => server.close({ timeoutMs: SERVER_CLOSE_MS }),
      () => undefined,
    );
    await runtime.close({ timeoutMs: SHUTDOWN_MS - SERVER_CLOSE_MS });
  }
}

async function readConfig(
  io: Io,
  flags: {
    readonly config?: string | undefined;
    readonly host?: string | undefined;
    readonly port?: string | undefined;
    readonly 'data-dir'?: string | undefined;
  },
): Promise<Config> {
  if (flags.port !== undefined && !/^\d{1,5}$/.test(flags.port)) {
    throw new UsageError(
      `--port wants a number from 0 to 65535, got ${JSON.stringify(flags.port)}`,
    );
  }
  const server = {
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.port === undefined ? {} : { port: Number(flags.port) }),
  };
  const sources: ConfigSource[] = [
    codeSource(
      { server, ...(flags['data-dir'] === undefined ? {} : { dataDir: flags['data-dir'] }) },
      io.cwd,
    ),
    envSource(io.env, io.cwd),
  ];
  const file = flags.config ?? io.env['DWCP_CONFIG'];
  if (file !== undefined && file !== '') {
    const { readConfigFile } = await import('../config/file-source.ts');
    sources.push(readConfigFile(file, io.cwd));
  }
  return parseConfig({ sources, cwd: io.cwd, hostname: hostname(), defaultRegion: 'local' });
}

function greet(io: Io, runtime: Runtime, config: Config, server: RunningServer): void {
  const style = styleFor(io.out, io.env);
  const { collection, retention } = config;
  const watched = [
    ...(collection.host ? ['this host'] : []),
    ...(collection.process ? ['this process'] : []),
    ...(config.scrapeJobs.length > 0
      ? [count(runtime.scraper?.targets().length ?? 0, 'target')]
      : []),
  ];
  const rules = runtime.rules?.stats().rules ?? 0;
  const line = (name: string, text: string): void =>
    void io.out.write(`  ${style.dim(name.padEnd(8))} ${text}\n`);

  io.out.write(
    `${style.bold(`DWCP Monitoring ${version}`)} is running in region ${config.region}\n`,
  );
  if (config.server.port !== 0 && server.port !== config.server.port) {
    line('note', style.yellow(`port ${config.server.port} is taken, so this is ${server.port}`));
  }
  line('console', style.bold(server.url));
  line(
    'watches',
    `${watched.join(', ') || 'what you send'} every ${formatDuration(collection.intervalMs)}` +
      (rules > 0 ? `; ${count(rules, 'rule')}` : ''),
  );
  line(
    'data',
    `${config.dataDir} (metrics ${formatDuration(retention.metricsMs)}, ` +
      `logs ${formatDuration(retention.logsMs)}, traces ${formatDuration(retention.tracesMs)})`,
  );
  line(
    'embed',
    `new MonitoringAPI({ region: '${config.region}', service: 'my-service' }) from @dwcp/monitoring`,
  );
}

function tellToken(io: Io, token: string): void {
  io.err.write(
    `This server can be reached from outside, so it asks for a token. It was made just now and is not\n` +
      `shown again; only its hash is stored:\n\n  ${token}\n\n` +
      'Send it as "Authorization: Bearer ..."; the console asks for it.\n',
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
