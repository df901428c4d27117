import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { api } from '../src/api/client.ts';
import { type Explain, type QueryNode } from '../src/api/types.ts';
import {
  layOutPlan,
  moveInPlan,
  type PlanRow,
  planFacts,
  unfoldedPlan,
} from '../src/pages/metrics/explain-model.ts';
import { ExplainView } from '../src/pages/metrics/explain-panel.tsx';

function node(
  expression: string,
  durationMs: number,
  ...children: readonly QueryNode[]
): QueryNode {
  const cost = { seriesCount: children.length === 0 ? 4 : 1, samplesRead: 1_200 };
  return { expression, kind: 'call', durationMs, ...cost, children };
}

const tree = node(
  'sum(a) / sum(b)',
  1,
  node('sum(a)', 2, node('a', 5)),
  node('sum(b)', 2, node('b', 10)),
);
const rows = layOutPlan(tree);
const ids = (shown: readonly PlanRow[]): readonly string[] => shown.map(({ id }) => id);

const explain: Explain = {
  query: 'sum(a)/sum(b)',
  printed: 'sum(a) / sum(b)',
  kind: 'range',
  result: { type: 'matrix', seriesCount: 1, sampleCount: 240 },
  stats: {
    durationMs: 20.5,
    seriesRead: 8,
    samplesRead: 2_400,
    peakSamples: 300,
    cachedSteps: 40,
    steps: 240,
    onWorker: true,
    root: tree,
  },
  warnings: ['PromQL warning: bad'],
  infos: ['PromQL info: odd'],
};
const markup = (of: Explain): string =>
  renderToStaticMarkup(createElement(ExplainView, { explain: of }));

describe('the parts of a query', () => {
  test('stand parents first, with their own time and that of what is below', () => {
    expect(rows.map(({ id, depth, expression }) => [id, depth, expression])).toEqual([
      ['0', 0, 'sum(a) / sum(b)'],
      ['0.0', 1, 'sum(a)'],
      ['0.0.0', 2, 'a'],
      ['0.1', 1, 'sum(b)'],
      ['0.1.0', 2, 'b'],
    ]);
    expect(rows.map(({ ownMs, totalMs }) => [ownMs, totalMs])).toEqual([
      [1, 20],
      [2, 7],
      [5, 5],
      [2, 12],
      [10, 10],
    ]);
    expect(rows.map(({ ownRatio }) => ownRatio)).toEqual([0.05, 0.1, 0.25, 0.1, 0.5]);
    expect(rows.map(({ position, siblingCount }) => [position, siblingCount])).toEqual([
      [1, 1],
      [1, 2],
      [1, 1],
      [2, 2],
      [1, 1],
    ]);
  });

  test('of any tree: every part is there once, and the shares add up to the whole', () => {
    const tree = fc.memo((depth): fc.Arbitrary<QueryNode> =>
      fc.record({
        expression: fc.string(),
        kind: fc.constant('call'),
        durationMs: fc.double({ min: 0.001, max: 100, noNaN: true }),
        seriesCount: fc.nat(),
        samplesRead: fc.nat(),
        children: depth <= 1 ? fc.constant([]) : fc.array(tree(), { maxLength: 3 }),
      }),
    );
    const count = ({ children }: QueryNode): number =>
      children.reduce((sum, child) => sum + count(child), 1);
    fc.assert(
      fc.property(tree(4), (root) => {
        const laid = layOutPlan(root);
        expect(laid).toHaveLength(count(root));
        expect(new Set(ids(laid)).size).toBe(laid.length);
        expect(laid.reduce((sum, { ownRatio }) => sum + ownRatio, 0)).toBeCloseTo(1, 6);
      }),
    );
  });

  test('a query that took no time has shares of nothing', () => {
    expect(layOutPlan(node('1', 0)).map(({ ownRatio }) => ownRatio)).toEqual([0]);
  });

  test('what is folded hides what is below it, not its neighbours', () => {
    expect(ids(unfoldedPlan(rows, new Set(['0.0'])))).toEqual(['0', '0.0', '0.1', '0.1.0']);
    expect(ids(unfoldedPlan(rows, new Set(['0'])))).toEqual(['0']);
    const wide = layOutPlan(
      node('x', 1, ...Array.from({ length: 11 }, () => node('y', 1, node('z', 1)))),
    );
    // Part 0.1 is not the parent of 0.10.
    expect(unfoldedPlan(wide, new Set(['0.1']))).toHaveLength(wide.length - 1);
  });
});

describe('keys', () => {
  const move = (key: string, id: string, folded: readonly string[] = []): unknown => {
    const set = new Set(folded);
    return moveInPlan(key, id, unfoldedPlan(rows, set), set);
  };

  test('up and down go along the rows on screen and stop at the ends', () => {
    expect(move('ArrowDown', '0.0')).toEqual({ kind: 'focus', id: '0.0.0' });
    expect(move('ArrowDown', '0.0', ['0.0'])).toEqual({ kind: 'focus', id: '0.1' });
    expect(move('ArrowUp', '0')).toBeUndefined();
    expect(move('End', '0')).toEqual({ kind: 'focus', id: '0.1.0' });
    expect(move('Home', '0.1.0')).toEqual({ kind: 'focus', id: '0' });
  });

  test('left folds, then goes to the parent; right unfolds, then goes in', () => {
    expect(move('ArrowLeft', '0.1')).toEqual({ kind: 'fold', id: '0.1' });
    expect(move('ArrowLeft', '0.1', ['0.1'])).toEqual({ kind: 'focus', id: '0' });
    expect(move('ArrowLeft', '0.1.0')).toEqual({ kind: 'focus', id: '0.1' });
    expect(move('ArrowLeft', '0', ['0'])).toBeUndefined();
    expect(move('ArrowRight', '0.1', ['0.1'])).toEqual({ kind: 'unfold', id: '0.1' });
    expect(move('ArrowRight', '0.1')).toEqual({ kind: 'focus', id: '0.1.0' });
    expect(move('ArrowRight', '0.1.0')).toBeUndefined();
  });

  test('Enter and Space fold and unfold; other keys are left to the page', () => {
    expect(move('Enter', '0.1')).toEqual({ kind: 'fold', id: '0.1' });
    expect(move(' ', '0.1', ['0.1'])).toEqual({ kind: 'unfold', id: '0.1' });
    expect(move('Enter', '0.1.0')).toBeUndefined();
    expect(move('p', '0')).toBeUndefined();
  });
});

describe('asking for it', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('sends the window in seconds, and noCache only when wanted', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', (address: string) => {
      asked.push(address);
      return Promise.resolve(Response.json(explain));
    });
    const query = { expr: 'sum(a)', startMs: 1_500, endMs: 61_500, stepMs: 500 };
    expect(await api.explain({ ...query, noCache: false })).toEqual(explain);
    await api.explain({ ...query, noCache: true });
    const plain = '/api/v1/explain?query=sum%28a%29&start=1.5&end=61.5&step=0.5';
    expect(asked).toEqual([plain, `${plain}&noCache=true`]);
  });
});

describe('what is shown', () => {
  test('the figures of the whole, with cached steps of how many and the thread', () => {
    expect(Object.fromEntries(planFacts(explain))).toEqual({
      Time: '20.5 ms',
      'Samples read': '2.4 k',
      'Series read': '8',
      'Samples held at most': '300',
      'Steps from the cache': '40 of 240',
      'Ran on': 'a worker thread',
      Answer: 'matrix, 1 series, 240 samples',
    });
  });

  test('the parts are a table of rows that tell level, place and whether they are open', () => {
    const html = markup(explain);
    expect(html).toContain('role="treegrid" aria-label="Parts of the query"');
    const rowTags = html.match(/<tr role="row" data-part[^>]*>/g) ?? [];
    expect(rowTags).toHaveLength(5);
    expect(rowTags[1]).toContain('aria-level="2" aria-posinset="1" aria-setsize="2"');
    expect(rowTags[1]).toContain('aria-expanded="true"');
    expect(rowTags[2]).not.toContain('aria-expanded');
    // Tab reaches one row; the arrows go on from there.
    expect(rowTags.filter((tag) => tag.includes('tabindex="0"'))).toHaveLength(1);
  });

  test('warnings and infos are told apart by a word', () => {
    const html = markup(explain);
    expect(html).toMatch(/Warning<\/span> PromQL warning: bad/);
    expect(html).toMatch(/Info<\/span> PromQL info: odd/);
  });

  test('without parts it says why', () => {
    const { stats } = explain;
    expect(markup({ ...explain, stats: null })).toContain('does not tell what a query costs');
    const kept = stats === null ? null : { ...stats, root: null };
    const html = markup({ ...explain, stats: kept });
    expect(html).toContain('The whole answer was kept from earlier queries');
    expect(html).not.toContain('treegrid');
    expect(html).toContain('40 of 240');
  });
});
