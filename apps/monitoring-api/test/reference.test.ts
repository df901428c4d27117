import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseExposition } from '@dwcp/protocol-prometheus';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { parseConfigText } from '#src/config/file-source.ts';
import { parseConfig } from '#src/config/parse-config.ts';

import { Platform, TemporaryFolder } from './platform.ts';
import { EXAMPLE_YAML } from './support/reference/configuration-page.ts';
import { ExampleServer } from './support/reference/example-server.ts';
import { sourceTexts } from './support/reference/instruments-of-sources.ts';
import {
  type MetricCatalogue,
  metricCatalogue,
  OPEN_FAMILIES,
} from './support/reference/metric-catalogue.ts';
import { WRITTEN_SERIES } from './support/reference/metrics-page.ts';
import { referencePages } from './support/reference/reference-pages.ts';

test('the pages of docs/reference are what the code generates', async () => {
  for (const { name, path, text } of await referencePages()) {
    expect(
      existsSync(path) ? readFileSync(path, 'utf8') : '',
      `${name} is out of date: run npm run docs -w @dwcp/monitoring`,
    ).toBe(text);
  }
});

test('the example configuration is one the parser takes', async () => {
  await using folder = await TemporaryFolder.make();
  const secrets = join(folder.path, 'secrets');
  await mkdir(secrets);
  await writeFile(join(secrets, 'dwcp-token'), 'a token of enough characters\n');
  await writeFile(join(secrets, 'on-call-url'), 'https://hooks.example.org/secret\n');
  await writeFile(join(secrets, 'on-call-key'), 'key\n');
  const text = EXAMPLE_YAML.replaceAll('/run/secrets', secrets);
  const config = parseConfig({
    sources: [parseConfigText(text, 'dwcp.yml', folder.path)],
    cwd: folder.path,
    hostname: 'box',
  });
  expect(config).toMatchObject({
    region: 'eu-west',
    instance: 'box',
    server: { token: 'a token of enough characters', host: '0.0.0.0' },
    alerting: { webhooks: [{ name: 'on-call', url: 'https://hooks.example.org/secret' }] },
    slos: [{ id: 'checkout-availability', kind: 'ratio' }],
  });
  expect(config.scrapeJobs.map(({ jobName }) => jobName)).toEqual(['checkout']);
});

describe('the catalogue of metrics', () => {
  let catalogue: MetricCatalogue;
  let platform: Platform;
  beforeAll(async () => {
    catalogue = await metricCatalogue();
    platform = await Platform.start({ collection: { host: true, process: true } });
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  test.each([
    ['platform', '/metrics'],
    ['host', '/metrics/host'],
  ] as const)('%s has every metric this machine answers at %s, alike', async (part, path) => {
    const text = await (await platform.fetch(path)).text();
    const { samples, metadata } = parseExposition(text, { format: 'text' });
    expect(metadata.length).toBeGreaterThan(10);
    const known = new Map(catalogue[part].map((entry) => [entry.name, entry]));
    const open = (name: string): boolean => OPEN_FAMILIES.some(([pattern]) => pattern.test(name));
    const missing = metadata.filter(({ name }) => !known.has(name) && !open(name));
    expect(missing, 'metrics that docs/reference/metrics.md lacks').toEqual([]);
    const described = metadata.filter(({ name }) => known.has(name));
    expect(described.map(({ name, type, help }) => ({ name, type, help }))).toEqual(
      described.map(({ name }) => {
        const { type, help } = known.get(name) ?? {};
        return { name, type, help };
      }),
    );
    const unlisted = samples.flatMap(({ labels }) => {
      const name = labels.metricName;
      const entry = known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, ''));
      if (entry === undefined) return open(name) ? [] : [name];
      const names = [...labels].map(([label]) => label);
      return names
        .filter((label) => !['__name__', 'le', 'quantile', ...entry.labels].includes(label))
        .map((label) => `${name}{${label}}`);
    });
    expect(unlisted, 'labels that the catalogue lacks').toEqual([]);
  });

  test('every name of ours that the sources spell is in it', () => {
    const known = new Set(catalogue.platform.map(({ name }) => name));
    const spelled = sourceTexts().flatMap(({ file, text }) =>
      [...text.matchAll(/\bname: '((?:dwcp|http_server)_\w+)'|metric\(\s*'(dwcp_\w+)'/g)].map(
        ([, instrument, collected]) => ({ file, name: instrument ?? collected ?? '' }),
      ),
    );
    expect(spelled.length).toBeGreaterThan(30);
    expect(spelled.filter(({ name }) => !known.has(name))).toEqual([]);
  });

  test('what scrapes and rules write is listed, and nothing that they do not', async () => {
    await using example = await ExampleServer.start();
    const { data } = JSON.parse(await example.ask('/api/v1/label/__name__/values')) as {
      readonly data: readonly string[];
    };
    const own = new Set([
      ...catalogue.platform.map(({ name }) => name),
      // Of the target and the recording rule of the example.
      'shop_queue_length',
      'shop:queue_length:sum',
    ]);
    const written = data.filter(
      (name) => !own.has(name) && !own.has(name.replace(/_(bucket|sum|count)$/, '')),
    );
    expect(written).toEqual(WRITTEN_SERIES.map(({ name }) => name).sort());
  });
});
