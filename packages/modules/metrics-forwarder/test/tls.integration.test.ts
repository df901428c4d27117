import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RemoteWriteTls } from '@dwcp/metrics-forwarder';
import { describe, expect, test } from 'vitest';

import { Harness } from './support/harness.ts';
import { batchOf } from './support/rows.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const title = hasOpenssl ? '' : ' (skipped: openssl, which makes the certificates, is not here)';

/** Makes a self-signed certificate for receiver.example, as `<name>.{crt,key}`. */
function makeCertificate(folder: string, name: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:receiver.example'];
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...subject], {
    cwd: folder,
    stdio: 'pipe',
  });
}

describe.skipIf(!hasOpenssl)(`TLS${title}`, () => {
  test('a receiver is trusted by its authority, files of which are read anew, or not at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dwcp-forwarder-'));
    const file = (name: string): string => join(folder, name);
    for (const name of ['server', 'other', 'client']) makeCertificate(folder, name);
    const clients: (string | undefined)[] = [];
    const server = createServer(
      {
        cert: readFileSync(file('server.crt')),
        key: readFileSync(file('server.key')),
        ca: readFileSync(file('client.crt')),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const { socket } = request as unknown as {
          readonly socket: {
            getPeerCertificate(): { readonly subject?: { readonly CN?: string } };
          };
        };
        clients.push(socket.getPeerCertificate().subject?.CN);
        request.resume();
        request.on('end', () => {
          response.writeHead(204, { 'X-Prometheus-Remote-Write-Samples-Written': '1' }).end();
        });
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/write`;
    const opened = async (tls: RemoteWriteTls): Promise<Harness> => {
      const harness = await Harness.open({ url, tls });
      harness.feed.append(batchOf(['a', 1, 1]));
      return harness;
    };
    const serverName = 'receiver.example';
    try {
      copyFileSync(file('other.crt'), file('ca.crt'));
      await using rotated = await opened({ caFile: file('ca.crt'), serverName });
      await rotated.until(() => rotated.forwarder.status().retried > 1, 'it tries again');
      expect(rotated.forwarder.status().lastError?.message).toContain('self-signed certificate');
      expect(clients).toEqual([]);
      copyFileSync(file('server.crt'), file('ca.crt'));
      await rotated.settled();

      await using wrongName = await opened({ caFile: file('ca.crt'), serverName: 'else.example' });
      await wrongName.until(() => wrongName.forwarder.status().retried > 1, 'it tries again');
      expect(wrongName.forwarder.status().lastError?.message).toContain('else.example');

      await using trusting = await opened({ insecureSkipVerify: true });
      await trusting.settled();

      await using known = await opened({
        ca: readFileSync(file('server.crt'), 'utf8'),
        certFile: file('client.crt'),
        keyFile: file('client.key'),
        serverName,
        minVersion: 'TLSv1.3',
      });
      await known.settled();
      expect(clients).toEqual([undefined, undefined, 'client']);

      await using missing = await opened({ caFile: file('none.crt') });
      await missing.until(() => missing.forwarder.status().retried > 1, 'it tries again');
      expect(missing.forwarder.status().lastError?.message).toBe(
        `tls.caFile: cannot read ${file('none.crt')}: ENOENT`,
      );
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
