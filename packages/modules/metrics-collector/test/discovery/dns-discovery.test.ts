import { SystemDnsResolver } from '@dwcp/metrics-collector';
import { describe, expect, test } from 'vitest';

import { Harness } from '../scrape/harness.ts';
import { TestDnsServer, type TestRecord } from './dns-server.ts';
import {
  addressesOf,
  discoveringJob,
  passTimeUntil,
  RecordingLog,
  TestFolder,
  untilTargets,
} from './support.ts';

/** A scraper that asks a name server on this machine. */
function asking(
  server: TestDnsServer,
  settings: Readonly<Record<string, unknown>>,
  resolvConf = '/nowhere',
): { readonly it: Harness; readonly log: RecordingLog } {
  const log = new RecordingLog();
  const dns_sd_configs = [{ refresh_interval: '10s', ...settings }];
  const resolver = new SystemDnsResolver({ servers: [server.address], resolvConf });
  return { it: new Harness([discoveringJob({ dns_sd_configs })], { log, resolver }), log };
}

describe('dns_sd_configs', () => {
  test('SRV records bring address and port, and are labels', async () => {
    await using server = await TestDnsServer.start();
    server.zone.set('_http._tcp.example.org', [
      { type: 'SRV', target: 'one.example.org', port: 9_100 },
      { type: 'SRV', target: 'two.example.org', port: 9_200 },
    ]);
    const { it } = asking(server, { names: ['_http._tcp.example.org'] });
    await using _ = it;
    await untilTargets(it, ['one.example.org:9100', 'two.example.org:9200']);
    expect(it.status?.discoveredLabels).toMatchObject({
      __meta_dns_name: '_http._tcp.example.org',
      __meta_dns_srv_record_target: 'one.example.org.',
      __meta_dns_srv_record_port: '9100',
    });
    expect(it.status?.labels).toEqual({ instance: 'one.example.org:9100', job: 'test' });
  });

  test.each<[string, TestRecord, string, string]>([
    ['A', { type: 'A', target: '10.0.0.1' }, '10.0.0.1:80', ''],
    [
      'AAAA',
      { type: 'AAAA', target: '2001:0db8:0000:0000:0000:0000:0000:0001' },
      '[2001:db8::1]:80',
      '',
    ],
    ['MX', { type: 'MX', target: 'mail.example.org' }, 'mail.example.org:80', 'mx'],
    ['NS', { type: 'NS', target: 'ns.example.org' }, 'ns.example.org:80', 'ns'],
    ['a', { type: 'A', target: '10.0.0.2' }, '10.0.0.2:80', ''],
  ])(
    'records of type %s take the port of the configuration',
    async (type, record, address, meta) => {
      await using server = await TestDnsServer.start();
      server.zone.set('web.example.org', [record]);
      const { it } = asking(server, { names: ['web.example.org'], type, port: 80 });
      await using _ = it;
      await untilTargets(it, [address]);
      const labels = it.status?.discoveredLabels ?? {};
      expect(labels['__meta_dns_name']).toBe('web.example.org');
      const pointers = Object.entries(labels).filter(([name]) => name.endsWith('_record_target'));
      expect(pointers).toEqual(
        meta === '' ? [] : [[`__meta_dns_${meta}_record_target`, `${record.target}.`]],
      );
    },
  );

  test('records are followed; a name that is gone has no targets', async () => {
    await using server = await TestDnsServer.start();
    const records = (...targets: readonly string[]): readonly TestRecord[] =>
      targets.map((target) => ({ type: 'A', target }));
    server.zone.set('a.example.org', records('10.0.0.1', '10.0.0.2'));
    server.zone.set('b.example.org', records('10.0.1.1'));
    const names = ['a.example.org', 'b.example.org'];
    const { it } = asking(server, { names, type: 'A', port: 1 });
    await using _ = it;
    await untilTargets(it, ['10.0.0.1:1', '10.0.0.2:1', '10.0.1.1:1']);
    const updates = it.count('dwcp_sd_received_updates_total');
    // Another order is no change.
    server.zone.set('a.example.org', records('10.0.0.2', '10.0.0.1'));
    const lookups = it.count('dwcp_sd_dns_lookups_total');
    await passTimeUntil(it, () => it.count('dwcp_sd_dns_lookups_total') >= lookups + 4);
    expect(it.count('dwcp_sd_received_updates_total')).toBe(updates);
    server.zone.set('a.example.org', records('10.0.0.3'));
    await untilTargets(it, ['10.0.0.3:1', '10.0.1.1:1']);
    server.zone.delete('a.example.org');
    await untilTargets(it, ['10.0.1.1:1']);
    // The name is there, without records of the type.
    server.zone.set('b.example.org', [{ type: 'NS', target: 'x' }]);
    await untilTargets(it, []);
    expect(it.count('dwcp_sd_dns_lookup_failures_total')).toBe(0);
  });

  test('a name server that fails leaves the targets of that name; counted, logged once', async () => {
    await using server = await TestDnsServer.start();
    server.zone.set('a.example.org', [{ type: 'A', target: '10.0.0.1' }]);
    server.zone.set('b.example.org', [{ type: 'A', target: '10.0.0.2' }]);
    const names = ['a.example.org', 'b.example.org'];
    const { it, log } = asking(server, { names, type: 'A', port: 1 });
    await using _ = it;
    await untilTargets(it, ['10.0.0.1:1', '10.0.0.2:1']);
    server.broken.add('a.example.org');
    server.zone.set('b.example.org', [{ type: 'A', target: '10.0.0.3' }]);
    await untilTargets(it, ['10.0.0.1:1', '10.0.0.3:1']);
    await passTimeUntil(it, () => it.count('dwcp_sd_dns_lookup_failures_total') >= 2);
    expect(addressesOf(it)).toEqual(['10.0.0.1:1', '10.0.0.3:1']);
    expect(log.lines.filter((line) => line.includes('name not looked up'))).toHaveLength(1);
    expect(it.scraper.discoveries()[0]?.failure).toContain('a.example.org: ');
    server.broken.clear();
    server.zone.set('a.example.org', [{ type: 'A', target: '10.0.0.9' }]);
    await untilTargets(it, ['10.0.0.3:1', '10.0.0.9:1']);
    expect(it.scraper.discoveries()[0]?.failure).toBeUndefined();
  });

  test.each([
    ['web', 'search corp.example example.org.\n', ['web.corp.example', 'web.example.org', 'web']],
    ['web.a', 'search corp.example\n', ['web.a', 'web.a.corp.example']],
    [
      'web.a',
      'domain x\nsearch corp.example\noptions rotate ndots:2\n',
      ['web.a.corp.example', 'web.a'],
    ],
    ['web.', 'search corp.example\n', ['web']],
    ['web', '', ['web']],
  ])('%s with resolv.conf %j is tried as %j', async (name, resolvConf, candidates) => {
    await using folder = await TestFolder.make();
    await folder.write('resolv.conf', resolvConf);
    await using server = await TestDnsServer.start();
    // The last candidate has the answer, so that all are asked for.
    server.zone.set(candidates.at(-1) ?? '', [{ type: 'A', target: '10.0.0.1' }]);
    const settings = { names: [name], type: 'A', port: 1 };
    const { it } = asking(server, settings, folder.in('resolv.conf'));
    await using _ = it;
    await untilTargets(it, ['10.0.0.1:1']);
    expect(server.asked).toEqual(candidates);
    expect(it.status?.discoveredLabels['__meta_dns_name']).toBe(name);
  });
});
