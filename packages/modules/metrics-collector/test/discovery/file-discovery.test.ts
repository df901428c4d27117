import { mkdir, rename, rm } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { Harness, TestServer, TEXT } from '../scrape/harness.ts';
import {
  addressesOf,
  discoveringJob,
  passTimeUntil,
  RecordingLog,
  TestFolder,
  untilTargets,
} from './support.ts';

function scraperOf(
  files: readonly string[],
  settings: Readonly<Record<string, unknown>> = {},
): { readonly it: Harness; readonly log: RecordingLog } {
  const log = new RecordingLog();
  const file_sd_configs = [{ files, ...settings }];
  return { it: new Harness([discoveringJob({ file_sd_configs })], { log }), log };
}

describe('file_sd_configs', () => {
  test('JSON and YAML files that a pattern matches give targets with their labels', async () => {
    await using folder = await TestFolder.make();
    await folder.write('a.json', [{ targets: ['j:1', 'j:2'], labels: { env: 'prod' } }]);
    await folder.write('a.yml', '- targets: [y:1]\n  labels: { env: test, shard: 7, on: true }\n');
    await folder.write('b.yaml', '- targets: [b:1]\n');
    await folder.write('a.txt', 'not for us');
    const { it } = scraperOf([folder.in('a*.json'), folder.in('*.yml'), folder.in('b.yaml')]);
    await using _ = it;
    await untilTargets(it, ['b:1', 'j:1', 'j:2', 'y:1']);
    const labels = Object.fromEntries(
      it.scraper.targets().map((target) => [target.labels['instance'], target]),
    );
    expect(labels['y:1']?.labels).toEqual({
      env: 'test',
      instance: 'y:1',
      job: 'test',
      on: 'true',
      shard: '7',
    });
    expect(labels['j:2']?.discoveredLabels).toEqual({
      __address__: 'j:2',
      __meta_filepath: folder.in('a.json'),
      __metrics_path__: '/metrics',
      __scheme__: 'http',
      __scrape_interval__: '1s',
      __scrape_timeout__: '1s',
      env: 'prod',
      job: 'test',
    });
    expect(it.count('dwcp_sd_discovered_targets test')).toBe(4);
  });

  test('what is added, changed and removed is followed; the rest keeps its loop and cache', async () => {
    await using server = await TestServer.start((_, response) => {
      response.writeHead(200, TEXT).end('a 1\n');
    });
    await using folder = await TestFolder.make();
    const stays = server.address;
    const goes = server.address.replace('127.0.0.1', 'localhost');
    await folder.write('t.json', [{ targets: [stays, goes] }]);
    const { it } = scraperOf([folder.in('t.json')]);
    await using _ = it;
    await untilTargets(it, [stays, goes]);
    await it.tick(2);
    await folder.write('t.json', [{ targets: [stays, 'new:1'] }]);
    await untilTargets(it, [stays, 'new:1']);
    const stale = it.store.rows().filter(({ value }) => value === 'stale');
    expect(stale.every(({ series }) => series.includes(goes))).toBe(true);
    expect(stale).toHaveLength(6);
    const ownLabels = `{instance="${stays}", job="test", region="eu-1"}`;
    const added = it.store.of(`scrape_series_added${ownLabels}`).map(({ value }) => value);
    expect(added.filter((value) => value !== 0)).toEqual([1]);
    const times = it.store.of(`a${ownLabels}`).map(({ unixMs }) => unixMs);
    const steps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(steps.every((step) => step === 1_000)).toBe(true);
  });

  test('a bad file is refused as a whole, its old targets stay, and it says so once', async () => {
    await using folder = await TestFolder.make();
    await folder.write('t.json', [{ targets: ['a:1'] }]);
    await folder.write('u.json', [{ targets: ['u:1'] }]);
    const { it, log } = scraperOf([folder.in('*.json')]);
    await using _ = it;
    await untilTargets(it, ['a:1', 'u:1']);
    await folder.write('t.json', [{ targets: ['b:1'] }, { targets: [1] }]);
    await folder.write('u.json', [{ targets: ['v:1'] }]);
    await untilTargets(it, ['a:1', 'v:1']);
    await it.clock.advance(10_000);
    expect(it.count('dwcp_sd_file_read_errors_total')).toBe(1);
    expect(log.lines.filter((line) => line.includes('refused'))).toEqual([
      `error file of targets refused ${JSON.stringify({
        file: folder.in('t.json'),
        reason: 'group 1: targets.0 must be a string, got a number; put it in quotes',
      })}`,
    ]);
    expect(it.scraper.discoveries()).toMatchObject([
      { kind: 'file', scrapePools: ['test'], targetCount: 2 },
    ]);
    expect(it.scraper.discoveries()[0]?.failure).toContain('group 1: targets.0 must be a string');
    await folder.write('t.json', [{ targets: ['b:1'] }]);
    await untilTargets(it, ['b:1', 'v:1']);
    expect(it.scraper.discoveries()[0]?.failure).toBeUndefined();
    expect(log.lines.at(-1)).toContain('file of targets works again');
  });

  test('a file that vanishes takes its targets with it, and brings them back', async () => {
    await using folder = await TestFolder.make();
    await folder.write('t.yml', '- targets: [a:1]\n');
    await folder.write('u.yml', '- targets: [b:1]\n');
    const { it } = scraperOf([folder.in('t.yml'), folder.in('u.yml')]);
    await using _ = it;
    await untilTargets(it, ['a:1', 'b:1']);
    await rename(folder.in('t.yml'), folder.in('t.bak'));
    await untilTargets(it, ['b:1']);
    await rename(folder.in('t.bak'), folder.in('t.yml'));
    await untilTargets(it, ['a:1', 'b:1']);
    expect(it.count('dwcp_sd_file_read_errors_total')).toBe(0);
  });

  test('a folder that is not there yet is no failure, and is found later', async () => {
    await using folder = await TestFolder.make();
    const { it } = scraperOf([folder.in('later/*.yml')]);
    await using _ = it;
    await passTimeUntil(it, () => it.scraper.discoveries()[0]?.lastLookUnixMs !== undefined);
    expect(it.scraper.discoveries()[0]?.failure).toBeUndefined();
    await mkdir(folder.in('later'));
    await folder.write('later/x.yml', '- targets: [x:1]\n');
    await untilTargets(it, ['x:1']);
    await rm(folder.in('later'), { recursive: true });
    await untilTargets(it, []);
  });

  test('changes are handed on every 5 s at most, the first ones at once', async () => {
    await using folder = await TestFolder.make();
    await folder.write('t.json', [{ targets: ['a:1'] }]);
    const { it } = scraperOf([folder.in('t.json')]);
    await using _ = it;
    await untilTargets(it, ['a:1']);
    const startMs = it.clock.monotonicMs();
    for (let i = 0; i < 4; i++) {
      await folder.write('t.json', [{ targets: [`b:${i}`] }]);
      const seen = it.count('dwcp_sd_received_updates_total');
      await passTimeUntil(it, () => it.count('dwcp_sd_received_updates_total') > seen, 100);
      if (it.clock.monotonicMs() - startMs > 4_500) break;
      expect(addressesOf(it)).toEqual(['a:1']);
    }
    await passTimeUntil(it, () => it.count('dwcp_sd_updates_total') === 2);
    expect(it.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(4_500);
  });

  test.each([
    ['x.json', '{"targets":["a"]}', 'must be a list of groups, got a mapping; write [ ... ]'],
    ['x.json', '[null]', 'group 0 must be a mapping, got nothing; write targets and labels'],
    ['x.json', '[{"target":["a"]}]', '\\"target\\" is not a field; known here: targets, labels'],
    ['x.json', '[{"targets":"a"}]', 'group 0: targets must be a list, got a string'],
    ['x.json', '[{"labels":["a"]}]', 'group 0: labels must be a mapping, got a list'],
    ['x.json', '[{"labels":{"a":1}}]', 'group 0: the label \\"a\\" must be a string, got a number'],
    ['x.json', '[{"labels":{"":"b"}}]', 'group 0: labels has a label without a name'],
    ['x.json', '', 'Unexpected end of JSON input'],
    ['x.yml', '- targets: [a\n', 'Flow sequence'],
    ['x.yml', '- targets: [a]\n  targets: [b]\n', 'Map keys must be unique'],
    ['x.yml', '- targets: [a]\n  port: 1\n', '\\"port\\" is not a field'],
    ['x.yml', '- labels: { a: { b: c } }\n', 'the label \\"a\\" must be a string, got a mapping'],
  ])('%s with %j is refused: %s', async (name, content, reason) => {
    await using folder = await TestFolder.make();
    await folder.write(name, content);
    const { it, log } = scraperOf([folder.in(name)]);
    await using _ = it;
    await passTimeUntil(it, () => it.scraper.discoveries()[0]?.lastLookUnixMs !== undefined);
    expect(log.lines.join('\n')).toContain(reason);
    expect(it.count('dwcp_sd_file_read_errors_total')).toBe(1);
    expect(addressesOf(it)).toEqual([]);
  });

  test.each([
    ['x.json', 'null'],
    ['x.json', '[]'],
    ['x.json', '[{}]'],
    ['x.yml', ''],
    ['x.yml', '# none yet\n'],
  ])('%s with %j is no failure', async (name, content) => {
    await using folder = await TestFolder.make();
    await folder.write(name, content);
    const { it } = scraperOf([folder.in(name)]);
    await using _ = it;
    await passTimeUntil(it, () => it.scraper.discoveries()[0]?.lastLookUnixMs !== undefined);
    expect(it.scraper.discoveries()[0]?.failure).toBeUndefined();
  });

  test.each([
    ['*.yml', ['.d.yml', 'a.yml', 'ab.yml', 'b].yml']],
    ['?.yml', ['a.yml']],
    ['[a-c]*.yml', ['a.yml', 'ab.yml', 'b].yml']],
    ['[^a]*.yml', ['.d.yml', 'b].yml']],
    ['a*b*.yml', ['ab.yml']],
    [String.raw`b\].yml`, ['b].yml']],
    ['a.yml', ['a.yml']],
    ['z.yml', []],
  ])('the pattern %s matches %j', async (pattern, expected) => {
    await using folder = await TestFolder.make();
    const names = ['a.yml', 'ab.yml', '.d.yml', 'b].yml', 'a.json', 'ayml'];
    for (const [i, name] of names.entries()) await folder.write(name, `- targets: [host-${i}]\n`);
    const { it } = scraperOf([folder.in(pattern)]);
    await using _ = it;
    await passTimeUntil(it, () => it.scraper.discoveries()[0]?.lastLookUnixMs !== undefined);
    await it.clock.advance(100);
    const found = addressesOf(it).map((address) => names[Number(address.slice(5))]);
    expect(new Set(found)).toEqual(new Set(expected));
  });
});
