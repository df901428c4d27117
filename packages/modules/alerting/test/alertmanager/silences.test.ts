import { AlertPipeline, MemoryRecordStore } from '@dwcp/alerting';
import { type LabelMatcher, Labels } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { configOf } from './support.ts';

const HOUR_MS = 3_600_000;
const text = fc.constantFrom('a', 'b', '1:a', '');
const matcher: fc.Arbitrary<LabelMatcher> = fc.record({
  name: fc.constantFrom('x', 'y', 'x1'),
  operator: fc.constantFrom('=', '!=', '=~', '!~'),
  value: text,
});
const labels = fc.dictionary(fc.constantFrom('x', 'y', 'x1'), text);

function holds({ name, operator, value }: LabelMatcher, found: Labels): boolean {
  const equal = found.get(name) === value;
  return operator === '=' || operator === '=~' ? equal : !equal;
}

test('the silences of an alert are those whose matchers all hold, after any changes and ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          matchers: fc.array(matcher, { minLength: 1, maxLength: 3 }),
          end: fc.boolean(),
        }),
        { maxLength: 20 },
      ),
      fc.array(labels, { maxLength: 10 }),
      async (silences, alerts) => {
        const clock = new ManualClock(1_700_000_000_000);
        await using pipeline = await AlertPipeline.open({
          config: configOf({ route: { receiver: 'a' }, receivers: [{ name: 'a' }] }),
          store: new MemoryRecordStore(),
          outbox: { accept: () => Promise.resolve() },
          clock,
          externalUrl: '',
        });
        const active = new Map<string, readonly LabelMatcher[]>();
        for (const { matchers, end } of silences) {
          // One that holds without labels is refused.
          if (matchers.every((one) => holds(one, Labels.empty))) continue;
          const id = await pipeline.setSilence({
            matchers,
            startsAtUnixMs: clock.nowUnixMs(),
            endsAtUnixMs: clock.nowUnixMs() + HOUR_MS,
            createdBy: 'ann',
            comment: 'known',
          });
          active.set(id, matchers);
          if (!end) continue;
          await pipeline.expireSilence(id);
          active.delete(id);
        }
        for (const alert of alerts) {
          const found = Labels.from(alert);
          const expected = [...active].flatMap(([id, matchers]) =>
            matchers.every((one) => holds(one, found)) ? [id] : [],
          );
          const silencing = pipeline.state.silences.silencing(found, clock.nowUnixMs());
          expect(silencing).toEqual(expected.sort());
        }
      },
    ),
    { numRuns: 200 },
  );
});
