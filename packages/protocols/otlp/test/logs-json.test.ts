import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { decodeLogsJson } from '@dwcp/protocol-otlp';
import { expect, test } from 'vitest';

const examples = join(
  import.meta.dirname,
  '../../../../../shared/conformance/tracing/otlp-examples',
);
const NOW = 1_700_000_000_000_000_000n;

function request(record: Readonly<Record<string, unknown>>): unknown {
  return { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] };
}

test.skipIf(!existsSync(examples))(
  "OpenTelemetry's own examples decode (wants the shared conformance data)",
  () => {
    for (const file of ['logs.json', 'events.json']) {
      const body: unknown = JSON.parse(readFileSync(join(examples, file), 'utf8'));
      const { records, rejected } = decodeLogsJson(body, NOW);
      expect(rejected).toEqual([]);
      expect(records.length).toBeGreaterThan(0);
      expect(records[0]?.resource.attributes['service.name']).toBe('my.service');
    }
  },
);

test('what a record leaves out is filled with what is known', () => {
  const { records } = decodeLogsJson(request({ body: { stringValue: 'hello' } }), NOW);
  expect(records).toEqual([
    {
      timeUnixNano: NOW,
      observedTimeUnixNano: NOW,
      severityNumber: 9,
      severityText: 'INFO',
      body: 'hello',
      attributes: {},
      resource: { attributes: {} },
      scope: { name: '' },
    },
  ]);
});

test('the severity is read by number or name, and its text follows when there is none', () => {
  const { records } = decodeLogsJson(request({ severityNumber: 'SEVERITY_NUMBER_ERROR2' }), NOW);
  expect(records[0]).toMatchObject({ severityNumber: 18, severityText: 'ERROR' });
});

test('a structured body is kept as its JSON', () => {
  const body = { kvlistValue: { values: [{ key: 'a', value: { intValue: '1' } }] } };
  expect(decodeLogsJson(request({ body }), NOW).records[0]?.body).toBe('{"a":1}');
});

test("an event's name becomes the attribute event.name", () => {
  const { records } = decodeLogsJson(request({ eventName: 'browser.page_view' }), NOW);
  expect(records[0]?.attributes).toEqual({ 'event.name': 'browser.page_view' });
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['severityNumber', { severityNumber: 'toString' }],
  ['severityNumber', { severityNumber: 25 }],
  ['timeUnixNano', { timeUnixNano: 'yesterday' }],
  ['traceId', { traceId: '12' }],
  ['body.intValue', { body: { intValue: {} } }],
])('a bad %s is refused by name', (field, record) => {
  const { records, rejected } = decodeLogsJson(request(record), NOW);
  expect(records).toEqual([]);
  expect(rejected.map((item) => item.field)).toEqual([
    `resourceLogs[0].scopeLogs[0].logRecords[0].${field}`,
  ]);
});

test('a body that is no request at all is refused by name', () => {
  expect(() => decodeLogsJson([], NOW)).toThrow(/body: must be an object, got an array/);
  expect(() => decodeLogsJson({ resourceLogs: 5 }, NOW)).toThrow(/resourceLogs: must be an array/);
});
