import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';

import { describe, expect, test } from 'vitest';

import { TestFolder } from '../discovery/support.ts';
import { Harness, job, TEXT } from './harness.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const title = hasOpenssl ? '' : ' (skipped: openssl, which makes the certificates, is not here)';

/** Makes an authority and certificates it signed, as `<name>-{ca,server,client}.{crt,key}`. */
function makeCertificates(folder: TestFolder, name: string): void {
  const run = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder.path, stdio: 'pipe' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(
    'req',
    '-x509',
    ...key,
    '-keyout',
    `${name}-ca.key`,
    '-out',
    `${name}-ca.crt`,
    '-subj',
    `/CN=${name}`,
  );
  for (const who of ['server', 'client']) {
    const file = `${name}-${who}`;
    run(
      'req',
      ...key,
      '-keyout',
      `${file}.key`,
      '-out',
      `${file}.csr`,
      '-subj',
      `/CN=${who}.example`,
      '-addext',
      `subjectAltName=DNS:${who}.example`,
    );
    run(
      'x509',
      '-req',
      '-in',
      `${file}.csr`,
      '-CA',
      `${name}-ca.crt`,
      '-CAkey',
      `${name}-ca.key`,
      '-CAcreateserial',
      '-copy_extensions',
      'copy',
      '-out',
      `${file}.crt`,
    );
  }
}

/** An HTTPS server that asks for a certificate of its authority. */
async function secureServer(folder: TestFolder, name: string): Promise<Server> {
  const read = (file: string): Buffer => readFileSync(folder.in(`${name}-${file}`));
  const server = createServer(
    {
      ca: read('ca.crt'),
      cert: read('server.crt'),
      key: read('server.key'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (_, response) => response.writeHead(200, TEXT).end('a 1\n'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!hasOpenssl)(`tls_config${title}`, () => {
  test('certificates and names are checked as it says, and rotated files are taken up', async () => {
    await using folder = await TestFolder.make();
    makeCertificates(folder, 'one');
    makeCertificates(folder, 'two');
    const server = await secureServer(folder, 'one');
    const files = {
      ca_file: folder.in('one-ca.crt'),
      cert_file: folder.in('one-client.crt'),
      key_file: folder.in('one-client.key'),
    };
    const server_name = 'server.example';
    const read = (file: string): string => readFileSync(folder.in(file), 'utf8');
    const lastErrorOf = async (
      tls_config: Record<string, unknown>,
    ): Promise<string | undefined> => {
      await using it = new Harness([job([addressOf(server)], { scheme: 'https', tls_config })]);
      await it.tick();
      return it.status?.lastError;
    };
    expect(await lastErrorOf({ ...files, server_name })).toBe('');
    expect(
      await lastErrorOf({
        ca: read('one-ca.crt'),
        cert: read('one-client.crt'),
        key: read('one-client.key'),
        server_name,
        min_version: 'TLS13',
      }),
    ).toBe('');
    expect(await lastErrorOf({ ...files, server_name, ca_file: folder.in('two-ca.crt') })).toMatch(
      /unable to verify|self-signed|certificate/,
    );
    expect(await lastErrorOf({ ...files, server_name: 'other.example' })).toContain('altnames');
    expect(
      await lastErrorOf({
        cert_file: files.cert_file,
        key_file: files.key_file,
        insecure_skip_verify: true,
      }),
    ).toBe('');
    // Without a certificate of its own it is refused.
    expect(await lastErrorOf({ ca_file: files.ca_file, server_name })).not.toBe('');
    expect(await lastErrorOf({ ...files, ca_file: folder.in('none.crt') })).toBe(
      `cannot read tls_config.ca_file ${folder.in('none.crt')}: ENOENT`,
    );

    for (const file of ['ca.crt', 'client.crt', 'client.key']) {
      copyFileSync(folder.in(`one-${file}`), folder.in(`now-${file}`));
    }
    const tls_config = {
      ca_file: folder.in('now-ca.crt'),
      cert_file: folder.in('now-client.crt'),
      key_file: folder.in('now-client.key'),
      server_name,
    };
    await using it = new Harness([job([addressOf(server)], { scheme: 'https', tls_config })]);
    await it.tick();
    expect(it.status?.health).toBe('up');
    server.setSecureContext({
      ca: read('two-ca.crt'),
      cert: read('two-server.crt'),
      key: read('two-server.key'),
    });
    server.closeAllConnections();
    await it.tick();
    expect(it.status?.health).toBe('down');
    for (const file of ['ca.crt', 'client.crt', 'client.key']) {
      copyFileSync(folder.in(`two-${file}`), folder.in(`now-${file}`));
    }
    for (let i = 0; i < 6; i++) await it.tick();
    expect(it.status?.health).toBe('up');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
});
