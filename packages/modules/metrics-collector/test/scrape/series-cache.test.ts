import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Harness, job, TestServer, TEXT } from './harness.ts';

/** Texts of five series; the first two are one and the same. */
const SERIES: Readonly<Record<string, string>> = {
  'a{x="1",y="2"}': 'a',
  'a{y="2",x="1"}': 'a',
  b: 'b',
  'b{x="1"}': 'b{x="1"}',
  'c{x="}"}': 'c',
  d: 'd',
};

const exposition = fc.record({
  texts: fc.array(fc.constantFrom(...Object.keys(SERIES)), { maxLength: 8 }),
  /** A line that fails the scrape, after the good ones. */
  fails: fc.boolean(),
});

test('whatever comes and goes: the first sample of each series is stored, what vanished is stale', async () => {
  let body = '';
  await using server = await TestServer.start((_, response) => {
    response.writeHead(200, TEXT).end(body);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(exposition, { minLength: 1, maxLength: 8 }), async (scrapes) => {
      await using it = new Harness([job([server.address])]);
      let before = new Set<string>();
      for (const { texts, fails } of scrapes) {
        body = texts.map((text, i) => `${text} ${i}\n`).join('') + (fails ? 'bad\n' : '');
        const now = new Map<string, number>();
        if (!fails) {
          for (const [i, text] of texts.entries()) {
            const series = SERIES[text] ?? '';
            if (!now.has(series)) now.set(series, i);
          }
        }
        const expected = new Map<string, number | 'stale'>(now);
        for (const series of before) if (!now.has(series)) expected.set(series, 'stale');

        await it.tick();

        const stored = it.store
          .rows(-1)
          .filter(({ series }) => /^[abcd]\{/.test(series))
          .map(({ series, value }) => {
            const name = series.charAt(0);
            return [name === 'b' && series.includes('x=') ? 'b{x="1"}' : name, value] as const;
          });
        expect(stored).toHaveLength(expected.size);
        expect(new Map(stored)).toEqual(expected);
        before = new Set(now.keys());
      }
    }),
    { numRuns: 60 },
  );
});
