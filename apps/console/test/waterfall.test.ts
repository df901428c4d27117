import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Span } from '../src/api/types.ts';
import { layOutWaterfall, rulerTicks, unfoldedRows } from '../src/pages/traces/waterfall.ts';

const startNano = 1_767_323_045_000_000_000n;

function span(
  id: string,
  parent: string | null,
  startMs: number,
  endMs: number,
  error = false,
): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: id,
    parentSpanId: parent,
    name: id,
    kind: 'internal',
    startUnixNano: String(startNano + BigInt(Math.round(startMs * 1e6))),
    endUnixNano: String(startNano + BigInt(Math.round(endMs * 1e6))),
    attributes: {},
    events: [],
    links: [],
    status: { code: error ? 'error' : 'unset' },
    service: 'checkout',
    region: 'eu-west-1',
    resource: { attributes: {} },
    scope: { name: '' },
  };
}

const names = (rows: readonly { readonly span: Span }[]): string[] =>
  rows.map((row) => row.span.spanId);

describe('a waterfall', () => {
  const spans = [
    span('b', 'root', 40, 90),
    span('a2', 'a', 20, 30, true),
    span('root', null, 0, 100),
    span('a', 'root', 10, 35),
    span('a1', 'a', 12, 15),
  ];

  test('goes depth first, siblings by start', () => {
    const { rows, durationMs } = layOutWaterfall(spans);
    expect(names(rows)).toEqual(['root', 'a', 'a1', 'a2', 'b']);
    expect(rows.map((row) => row.depth)).toEqual([0, 1, 2, 2, 1]);
    expect(rows.map((row) => row.childCount)).toEqual([2, 2, 0, 0, 0]);
    expect(durationMs).toBe(100);
    expect(rows[1]).toMatchObject({ offsetMs: 10, durationMs: 25 });
  });

  test('keeps nanoseconds that a double of Unix time would lose', () => {
    const { rows } = layOutWaterfall([
      span('root', null, 0, 1),
      span('a', 'root', 0.000_123, 0.000_456),
    ]);
    expect(rows[1]?.offsetMs).toBeCloseTo(0.000_123, 9);
    expect(rows[1]?.durationMs).toBeCloseTo(0.000_333, 9);
  });

  test('carries an error up to the ancestors and to no one else', () => {
    const { rows } = layOutWaterfall(spans);
    expect(names(rows.filter((row) => row.errorBelow))).toEqual(['root', 'a', 'a2']);
  });

  test('shows a span whose parent has not arrived as a marked root', () => {
    const { rows, orphanCount } = layOutWaterfall([
      span('root', null, 0, 10),
      span('x', 'lost', 2, 4),
    ]);
    expect(rows.find((row) => row.span.spanId === 'x')).toMatchObject({ depth: 0, orphan: true });
    expect(orphanCount).toBe(1);
  });

  test('loses no span of a circle', () => {
    const { rows } = layOutWaterfall([
      span('a', 'b', 0, 1),
      span('b', 'a', 0, 1),
      span('c', 'c', 0, 1),
    ]);
    expect(names(rows).toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('spans that begin before their parent widen the trace', () => {
    const { rows, durationMs } = layOutWaterfall([
      span('root', null, 10, 20),
      span('a', 'root', 4, 12),
    ]);
    expect(durationMs).toBe(16);
    expect(rows[0]?.offsetMs).toBe(6);
  });

  test('a span that ends before it starts has no negative width', () => {
    expect(layOutWaterfall([span('root', null, 10, 5)]).rows[0]?.durationMs).toBe(0);
  });

  test('a chain of 10,000 spans is laid out', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      span(`s${i}`, i === 0 ? null : `s${i - 1}`, i, 10_000),
    );
    expect(layOutWaterfall(chain).rows.at(-1)?.depth).toBe(9_999);
  });

  test('of nothing is empty', () => {
    expect(layOutWaterfall([])).toMatchObject({ rows: [], durationMs: 0 });
  });

  test('whatever the parents, every span is shown once and inside the trace', () => {
    const arbitrary = fc.array(
      fc.record({
        parent: fc.option(fc.nat(25), { nil: null }),
        start: fc.nat(1_000),
        length: fc.nat(1_000),
      }),
      { maxLength: 25 },
    );
    fc.assert(
      fc.property(arbitrary, (shape) => {
        const made = shape.map(({ parent, start, length }, i) =>
          span(`s${i}`, parent === null ? null : `s${parent}`, start, start + length),
        );
        const { rows, durationMs } = layOutWaterfall(made);
        expect(names(rows).toSorted()).toEqual(made.map((one) => one.spanId).toSorted());
        for (const row of rows) {
          expect(row.offsetMs).toBeGreaterThanOrEqual(0);
          expect(row.offsetMs + row.durationMs).toBeLessThanOrEqual(durationMs + 1e-6);
        }
      }),
    );
  });

  test('folding hides what is below, and only that', () => {
    const { rows } = layOutWaterfall(spans);
    expect(names(unfoldedRows(rows, new Set(['a'])))).toEqual(['root', 'a', 'b']);
    expect(names(unfoldedRows(rows, new Set(['root'])))).toEqual(['root']);
    expect(unfoldedRows(rows, new Set())).toBe(rows);
  });
});

test('a ruler has round ticks from zero to the end', () => {
  expect(rulerTicks(100)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(rulerTicks(22.4)).toEqual([0, 5, 10, 15, 20]);
  expect(rulerTicks(0)).toEqual([0]);
});
