import { once } from 'node:events';
import { type AddressInfo } from 'node:net';

import { DeliveryError, MemoryOutboxJournal, Outbox } from '@dwcp/alerting';
import {
  createIntegrations,
  type EmailSettings,
  emailOf,
  NotificationTemplates,
  type ReceiverOptions,
  Rendering,
} from '@dwcp/alerting/receivers';
import { type Notifier } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { describe, expect, test } from 'vitest';

import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts';
import { firingAlert, notificationOf, startUnixMs } from './fixtures.ts';

interface ReceivedMail {
  readonly text: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

interface TestSmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
}

async function openSmtpServer(options: SMTPServerOptions = {}): Promise<TestSmtpServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    cert: TEST_CERTIFICATE,
    key: TEST_KEY,
    authOptional: true,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'mon' && password === 'P4ssw0rd!') done(null, { user: username });
      else done(new Error(`bad password ${password ?? ''}`));
    },
    onData: (stream, session, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          text,
          isSecure: session.secure,
          user: session.user,
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const notification = notificationOf([
  firingAlert({ instance: 'größe' }, { summary: 'Disk <b>full</b> & more' }),
]);

function emailTo(
  port: number,
  settings: Partial<EmailSettings> = {},
  options: ReceiverOptions = {},
): Notifier {
  const [integration] = createIntegrations(
    {
      name: 'team',
      email_configs: [
        {
          to: 'ops@example.org, Zweite <b@example.org>',
          from: 'Monitoring <mon@example.org>',
          smarthost: `127.0.0.1:${port}`,
          tls_config: { ca: TEST_CERTIFICATE },
          ...settings,
        },
      ],
    },
    {},
    { allowPrivateNetwork: true, clock: new ManualClock(startUnixMs), ...options },
  );
  if (integration === undefined) throw new Error('an integration was expected');
  return integration.notifier;
}

async function failureOf(notifier: Notifier): Promise<DeliveryError> {
  const error: unknown = await notifier.notify(notification).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DeliveryError) return error;
  throw new Error('a DeliveryError was expected', { cause: error });
}

describe('a mail server', () => {
  test('gets text and HTML over STARTTLS after a login', async () => {
    await using server = await openSmtpServer();
    await emailTo(server.port, { auth_username: 'mon', auth_password: 'P4ssw0rd!' }).notify(
      notification,
    );
    const [mail] = server.received;
    expect(mail).toMatchObject({
      isSecure: true,
      user: 'mon',
      from: 'mon@example.org',
      to: ['ops@example.org', 'b@example.org'],
    });
    expect(mail?.text).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(mail?.text).toMatch(/^Content-Type: text\/plain/m);
    expect(mail?.text).toMatch(/^Content-Type: text\/html/m);
    expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated/m);
    expect(mail?.text).toMatch(/^Date: Fri, 02 Jan 2026 03:04:05 \+0000/m);
  });

  test('gets it over TLS from the first byte', async () => {
    await using server = await openSmtpServer({ secure: true });
    await emailTo(server.port, { force_implicit_tls: true }).notify(notification);
    expect(server.received).toMatchObject([{ isSecure: true }]);
  });

  test('without STARTTLS gets nothing, unless that is allowed', async () => {
    await using server = await openSmtpServer({
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
    });
    const error = await failureOf(emailTo(server.port));
    expect(error.message).toContain('STARTTLS');
    expect(server.received).toEqual([]);
    await emailTo(server.port, { require_tls: false }).notify(notification);
    expect(server.received).toMatchObject([{ isSecure: false }]);
  });

  test('whose certificate is not trusted gets nothing', async () => {
    await using server = await openSmtpServer();
    const error = await failureOf(emailTo(server.port, { tls_config: {} }));
    expect(error.message).toMatch(/self.signed certificate/);
    expect(server.received).toEqual([]);
  });

  test('that refuses the login is not asked again, and no error shows the password', async () => {
    await using server = await openSmtpServer();
    const auth = { auth_username: 'mon', auth_password: 'WR0NG-PASS' };
    const error = await failureOf(emailTo(server.port, auth));
    expect(error.retryable).toBe(false);
    expect(`${error.message} ${String(error.cause)}`).not.toContain('WR0NG-PASS');
    expect(error.message).toContain('***');
  });

  test.each([
    [451, true],
    [550, false],
  ])('that answers %d to the mail: worth another try: %s', async (responseCode, retryable) => {
    await using server = await openSmtpServer({
      onData: (stream, _session, done) => {
        stream.resume();
        stream.on('end', () => {
          done(Object.assign(new Error('no room'), { responseCode }));
        });
      },
    });
    const error = await failureOf(emailTo(server.port));
    expect(error).toMatchObject({ retryable, backend: 'team/email[0]' });
    expect(error.message).toContain(`${responseCode} no room`);
  });

  test('that takes the mail for one of two recipients is told by name', async () => {
    await using server = await openSmtpServer({
      onRcptTo: ({ address }, _session, done) => {
        done(address.startsWith('b@') ? new Error('unknown') : null);
      },
    });
    const error = await failureOf(emailTo(server.port));
    expect(error.message).toContain('took the mail for 1 recipients and refused b@example.org');
    expect(error.retryable).toBe(false);
  });

  test('that hangs is given up after the time-out', async () => {
    const clock = new ManualClock();
    const arrived = Promise.withResolvers<void>();
    await using server = await openSmtpServer({
      onMailFrom: () => {
        arrived.resolve();
      },
    });
    const failure = failureOf(emailTo(server.port, {}, { clock }));
    await arrived.promise;
    await clock.advance(30_000);
    const error = await failure;
    expect(error.message).toContain('no answer within 30000 ms');
    expect(error.retryable).toBe(true);
  });

  test('in a private network is refused, by address and by the name that leads there', async () => {
    await using server = await openSmtpServer();
    const guarded = { allowPrivateNetwork: false, resolve: async () => ['127.0.0.1'] };
    expect(() => emailTo(server.port, {}, guarded)).toThrow('private network');
    const smarthost = `mail.example:${server.port}`;
    const error = await failureOf(emailTo(server.port, { smarthost }, guarded));
    expect(error.message).toContain('mail.example: 127.0.0.1 is in a private network');
    expect(error.retryable).toBe(false);
    expect(server.received).toEqual([]);
  });

  test('behind a name is reached at the address that was checked', async () => {
    await using server = await openSmtpServer();
    const resolve = async (): Promise<readonly string[]> => ['169.254.169.254', '127.0.0.1'];
    const smarthost = `mail.example:${server.port}`;
    await emailTo(server.port, { smarthost }, { resolve }).notify(notification);
    expect(server.received).toHaveLength(1);
  });

  test('that closes without a word and is busy gets the mail in the end, with one Message-ID', async () => {
    const clock = new ManualClock();
    let tries = 0;
    const texts: string[] = [];
    await using server = await openSmtpServer({
      onConnect: (_session, done) => {
        done(tries++ === 0 ? Object.assign(new Error('busy'), { responseCode: 421 }) : null);
      },
      onData: (stream, _session, done) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('end', () => {
          texts.push(text);
          done(
            texts.length === 1 ? Object.assign(new Error('later'), { responseCode: 451 }) : null,
          );
        });
      },
    });
    const notifier = emailTo(server.port, {}, { clock });
    await using outbox = await Outbox.open({
      notifiers: [notifier],
      journal: new MemoryOutboxJournal(),
      clock,
    });
    await outbox.accept([{ integration: notifier.name, notification }]);
    await expect
      .poll(
        async () => {
          await clock.advance(500);
          return outbox.deliveries()[0]?.outcome;
        },
        { timeout: 20_000 },
      )
      .toBe('delivered');
    const ids = texts.map((text) => /^Message-ID: (.*)$/im.exec(text)?.[1]);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });
});

describe('a mail', () => {
  const mailOf = (settings: Partial<EmailSettings> = {}, it = notification) =>
    emailOf(
      { to: 'a@example.org', from: 'mon@example.org', ...settings },
      new Rendering({
        notification: it,
        templates: new NotificationTemplates(),
        unixMs: startUnixMs,
      }),
    );

  test('has what comes from alerts escaped in its HTML', () => {
    const { html = '', text = '' } = mailOf();
    expect(html).toContain('Disk &lt;b&gt;full&lt;/b&gt; &amp; more');
    expect(html).not.toContain('<b>full');
    expect(text).toContain('Disk <b>full</b> & more');
  });

  test('has a link to a script taken out', () => {
    const alert = { ...firingAlert(), generatorUrl: 'javascript:alert(1)' };
    expect(mailOf({}, notificationOf([alert])).html).not.toContain('javascript');
  });

  test('has no header that a label begins', () => {
    const evil = notificationOf([firingAlert({ instance: 'x\r\nBcc: evil@example.org' })]);
    const { subject, headers } = mailOf(
      { headers: { 'X-Instance': '{{ .CommonLabels.instance }}' } },
      evil,
    );
    expect(subject).toBe('[FIRING 1] DiskFull (x Bcc: evil@example.org)');
    expect(headers['x-instance']).toBe('x Bcc: evil@example.org');
  });

  test('answers the thread of its group where that is on', () => {
    expect(mailOf()).not.toHaveProperty('inReplyTo');
    const daily = mailOf({ threading: { enabled: true } });
    expect(daily.references).toMatch(/^<alert-[0-9a-f]{32}-2026-01-02@example\.org>$/);
    expect(daily.inReplyTo).toBe(daily.references);
    const other = notificationOf([firingAlert()], { idempotencyKey: 'key-2' });
    const next = mailOf({ threading: { enabled: true, thread_by_date: 'none' } }, other);
    expect(next.references).toMatch(/^<alert-[0-9a-f]{32}@example\.org>$/);
    expect(next.messageId).not.toBe(daily.messageId);
  });

  test('takes its subject and other addresses from the headers', () => {
    const mail = mailOf({
      headers: { subject: 'S {{ .Status }}', 'Reply-To': 'r@example.org', To: 'shown@example.org' },
    });
    expect(mail).toMatchObject({
      subject: 'S firing',
      replyTo: 'r@example.org',
      to: 'shown@example.org',
    });
  });
});
