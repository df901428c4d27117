import { judgeAddress, judgeHost } from '@dwcp/alerting';
import { describe, expect, test } from 'vitest';

describe('always refused, whatever is allowed', () => {
  test.each([
    '169.254.169.254',
    '169.254.0.1',
    '[fe80::1]',
    '[fe80::1%25eth0]',
    '[fd00:ec2::254]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::1]',
    '100.100.100.200',
    '224.0.0.1',
    '255.255.255.255',
    '[ff02::1]',
    'metadata.google.internal',
    'METADATA.google.internal.',
  ])('%s', (host) => {
    expect(judgeHost(host, true).allowed).toBe(false);
  });
});

describe('refused unless private networks are allowed', () => {
  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '[::1]',
    '[::]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::7f00:1]',
    'localhost',
    'api.localhost',
  ])('%s', (host) => {
    const verdict = judgeHost(host, false);
    expect(verdict).toMatchObject({ allowed: false });
    expect(JSON.stringify(verdict)).toContain('set allowPrivateNetwork: true');
    expect(judgeHost(host, true).allowed).toBe(true);
  });
});

describe('allowed', () => {
  test.each([
    '93.184.215.14',
    '172.32.0.1',
    '[2606:2800:21f::1]',
    'example.org',
    'hooks.slack.com',
  ])('%s', (host) => {
    expect(judgeHost(host, false)).toEqual({ allowed: true });
  });
});

test('what is no address is refused', () => {
  expect(judgeAddress('not-an-address', true).allowed).toBe(false);
});
