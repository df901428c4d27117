import { connect, isIP, type Socket } from 'node:net';

import { type CallOptions, InvalidInputError, type Notification, type Notifier } from '@dwcp/core';

import { DeliveryError } from '../errors.ts';
import {
  AddressRefusedError,
  guardedLookup,
  judgeAddress,
  judgeHost,
  resolveWithDns,
} from '../notify/address-guard.ts';
import { emailOf } from './email.ts';
import { type ReceiverEnvironment } from './receiver-environment.ts';
import { readSecret, tlsOptions } from './secrets.ts';
import { type EmailSettings } from './settings.ts';

export interface EmailReceiverOptions {
  readonly name: string;
  /** With what `global` sets filled in. */
  readonly settings: EmailSettings;
  /** For the whole exchange. Default 30 s. */
  readonly timeoutMs?: number;
}

interface Smarthost {
  readonly host: string;
  readonly port: number;
}

/** Sends mails through an SMTP server, encrypted unless that is switched off. */
export class EmailReceiver implements Notifier {
  readonly name: string;
  readonly #options: EmailReceiverOptions;
  readonly #environment: ReceiverEnvironment;
  readonly #smarthost: Smarthost;

  /** @throws InvalidInputError for a smarthost that cannot or may not be used, or no sender */
  constructor(options: EmailReceiverOptions, environment: ReceiverEnvironment) {
    this.name = options.name;
    this.#options = options;
    this.#environment = environment;
    this.#smarthost = parseSmarthost(options.name, options.settings.smarthost ?? '');
    if ((options.settings.from ?? '') === '') {
      throw new InvalidInputError(
        `${options.name}: email_configs.from`,
        'is not set; set it, or smtp_from under global',
      );
    }
    const verdict = judgeHost(this.#smarthost.host, environment.allowPrivateNetwork);
    if (!verdict.allowed) {
      throw new InvalidInputError(`${options.name}: email_configs.smarthost`, verdict.reason);
    }
  }

  /**
   * @throws DeliveryError; retryable for 4xx answers, and where the connection failed or gave no
   * answer. A server that takes the mail for some recipients only is told as refused for good.
   */
  async notify(notification: Notification, options: CallOptions = {}): Promise<void> {
    const { timeoutMs = 30_000 } = this.#options;
    const timeout = new AbortController();
    using _ = this.#environment.clock.schedule(timeoutMs, () => {
      timeout.abort();
    });
    const signal = AbortSignal.any([
      timeout.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const secrets: string[] = [];
    try {
      await this.#send(notification, { signal, secrets });
    } catch (error) {
      const timedOut = timeout.signal.aborted ? `no answer within ${timeoutMs} ms` : undefined;
      throw this.#failure(error, secrets, timedOut);
    }
  }

  async #send(
    notification: Notification,
    { signal, secrets }: { readonly signal: AbortSignal; readonly secrets: string[] },
  ): Promise<void> {
    signal.throwIfAborted();
    const { settings } = this.#options;
    const { host, port } = this.#smarthost;
    const auth = await this.#auth();
    if (auth !== undefined) {
      secrets.push(auth.pass, Buffer.from(auth.pass).toString('base64'));
      secrets.push(Buffer.from(`\0${auth.user}\0${auth.pass}`).toString('base64'));
    }
    const tls = await tlsOptions(this.name, settings.tls_config);
    const mail = this.#environment.render(this.name, notification, (rendering) =>
      emailOf(settings, rendering),
    );
    const isImplicit = settings.force_implicit_tls ?? port === 465;
    const requireTls = settings.require_tls ?? true;
    using connection = disposable(await this.#connect(signal));
    // Ends every phase of the exchange, whatever it waits for.
    const abort = (): void => {
      connection.socket.destroy(new Error('the exchange was ended'));
    };
    signal.addEventListener('abort', abort, { once: true });
    // Most programs send no mail, and it takes a while to load.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      host,
      port,
      name: settings.hello === undefined || settings.hello === '' ? 'localhost' : settings.hello,
      connection: connection.socket,
      secure: isImplicit,
      requireTLS: !isImplicit && requireTls,
      ignoreTLS: !isImplicit && !requireTls,
      tls: { ...(isIP(host) === 0 ? { servername: host } : {}), ...tls },
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(auth === undefined ? {} : { auth }),
    });
    try {
      const { rejected, accepted, response } = await transport.sendMail(mail);
      if (rejected.length === 0) return;
      throw new DeliveryError(
        this.name,
        `${host}:${port} took the mail for ${accepted.length} recipients and refused ${rejected.join(', ')}: ${response}`,
        { retryable: false },
      );
    } finally {
      signal.removeEventListener('abort', abort);
      transport.close();
    }
  }

  async #auth(): Promise<
    { readonly user: string; readonly pass: string; readonly method?: string } | undefined
  > {
    const { settings } = this.#options;
    const { auth_username: user = '' } = settings;
    if (user === '') return undefined;
    const [password, secret] = await Promise.all([
      readSecret(this.name, 'email_configs.auth_password_file', {
        inline: settings.auth_password,
        file: settings.auth_password_file,
      }),
      readSecret(this.name, 'email_configs.auth_secret_file', {
        inline: settings.auth_secret,
        file: settings.auth_secret_file,
      }),
    ]);
    if (password === undefined && secret !== undefined) {
      return { user, pass: secret, method: 'CRAM-MD5' };
    }
    return { user, pass: password ?? '' };
  }

  /** A connection to an address that was checked, the very one that is used. */
  async #connect(signal: AbortSignal): Promise<Socket> {
    const { resolve = resolveWithDns, allowPrivateNetwork } = this.#environment;
    const { promise, resolve: connected, reject } = Promise.withResolvers<Socket>();
    const lookup = guardedLookup(resolve, allowPrivateNetwork);
    const socket = connect({ ...this.#smarthost, lookup });
    const abort = (): void => {
      socket.destroy(new Error('the exchange was ended'));
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      const verdict = judgeAddress(socket.remoteAddress ?? '', allowPrivateNetwork);
      if (verdict.allowed) connected(socket);
      else socket.destroy(new AddressRefusedError(verdict.reason));
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #failure(error: unknown, secrets: readonly string[], problem?: string): DeliveryError {
    if (error instanceof DeliveryError) return error;
    const { host, port } = this.#smarthost;
    const { code, responseCode } = smtpCodes(error);
    const raw =
      problem ?? (error instanceof Error ? error.message || (code ?? 'failed') : String(error));
    const text = secrets
      .filter((secret) => secret.length >= 4)
      .reduce((shown, secret) => shown.replaceAll(secret, '***'), raw);
    return new DeliveryError(this.name, `SMTP ${host}:${port}: ${text.slice(0, 500)}`, {
      // nodemailer's errors carry the conversation; only what was redacted is kept.
      cause: new Error(text),
      retryable: isRetryable(error, code, responseCode),
    });
  }
}

function disposable(socket: Socket): Disposable & { readonly socket: Socket } {
  return {
    socket,
    [Symbol.dispose]: () => {
      socket.destroy();
    },
  };
}

function smtpCodes(error: unknown): {
  readonly code: string | undefined;
  readonly responseCode: number | undefined;
} {
  if (typeof error !== 'object' || error === null)
    return { code: undefined, responseCode: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const responseCode =
    'responseCode' in error && typeof error.responseCode === 'number'
      ? error.responseCode
      : undefined;
  return { code, responseCode };
}

/** RFC 5321 4.2.1: 4xx passes, 5xx does not. */
function isRetryable(
  error: unknown,
  code: string | undefined,
  responseCode: number | undefined,
): boolean {
  if (error instanceof AddressRefusedError) return false;
  if (responseCode !== undefined) return responseCode < 500;
  // Without an answer: the mail itself is wrong, or the connection failed.
  return !['EENVELOPE', 'EMESSAGE', 'ENOAUTH', 'ECONFIG'].includes(code ?? '');
}

/** @param text `host:port`, an IPv6 address in brackets */
function parseSmarthost(name: string, text: string): Smarthost {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new InvalidInputError(
      `${name}: email_configs.smarthost`,
      `${JSON.stringify(text)} is not host:port; write smtp.example.org:587`,
    );
  }
  return { host: match[1] ?? match[2] ?? '', port };
}
