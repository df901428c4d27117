import { createRequire } from 'node:module';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

interface Completion {
  readonly label: string;
  readonly type?: string;
  readonly detail?: string;
  readonly info?: unknown;
}

interface Strategy {
  promQL(context: unknown): Promise<{ readonly options: readonly Completion[] } | null>;
  destroy(): void;
}

// The console's own editor, as it is installed for the console.
const require = createRequire(new URL('../../../console/package.json', import.meta.url));
const { newCompleteStrategy, promQLLanguage } = require('@prometheus-io/codemirror-promql') as {
  readonly newCompleteStrategy: (config: object) => Strategy;
  readonly promQLLanguage: (start: string) => unknown;
};
const { EditorState } = require('@codemirror/state') as {
  readonly EditorState: { create(config: object): unknown };
};
const { CompletionContext } = require('@codemirror/autocomplete') as {
  readonly CompletionContext: new (state: unknown, position: number, explicit: boolean) => unknown;
};

let server: DwcpServer;
let strategy: Strategy;

beforeAll(async () => {
  server = await DwcpServer.start('region: eu-test-1\n');
  const text = [
    '# HELP editor_requests_total Requests that were served.',
    '# TYPE editor_requests_total counter',
    'editor_requests_total{code="200",path="/größe"} 1',
    'editor_requests_total{code="500",path="/other"} 1',
    '# TYPE editor_temperature gauge',
    'editor_temperature{room="kitchen"} 21',
  ].join('\n');
  const response = await fetch(`${server.url}/api/v1/import/prometheus`, {
    method: 'POST',
    body: `${text}\n`,
  });
  if (!response.ok) throw new Error(await response.text());
  const httpErrorHandler = (error: unknown): never => {
    throw error;
  };
  strategy = newCompleteStrategy({ remote: { url: server.url, httpErrorHandler } });
});
afterAll(async () => {
  strategy.destroy();
  await server[Symbol.asyncDispose]();
});

/** What the editor offers at the bar. */
async function offered(text: string): Promise<readonly Completion[]> {
  const position = text.indexOf('|');
  const state = EditorState.create({
    doc: text.replace('|', ''),
    extensions: [promQLLanguage('PromQL')],
  });
  const found = await strategy.promQL(new CompletionContext(state, position, true));
  return found?.options ?? [];
}

test('names of metrics, with their type and help', async () => {
  const options = await offered('editor_|');
  const metric = options.find(({ label }) => label === 'editor_requests_total');
  expect(metric).toMatchObject({ detail: 'counter', info: 'Requests that were served.' });
  expect(options.map(({ label }) => label)).toContain('editor_temperature');
});

test('names of the labels of a metric', async () => {
  const labels = (await offered('editor_requests_total{|}')).map(({ label }) => label);
  expect(labels).toEqual(expect.arrayContaining(['code', 'path', 'region']));
  expect(labels).not.toContain('room');
});

test('values of a label', async () => {
  const values = (await offered('editor_requests_total{path="|"}')).map(({ label }) => label);
  expect(values.toSorted()).toEqual(['/größe', '/other']);
});

test('labels to group by', async () => {
  const labels = (await offered('sum by (|) (editor_temperature)')).map(({ label }) => label);
  expect(labels).toContain('room');
});
