import { advance, type AlertInstance, type Hit, needsSending } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const hit: Hit = { labels: Labels.from({ alertname: 'A' }), annotations: {}, value: 1 };

/** States over evaluations one second apart; `x` is a hit, `.` is none. */
function run(pattern: string, rule: { forMs: number; keepFiringForMs: number }): string {
  let instance: AlertInstance | undefined;
  let states = '';
  for (const [index, character] of Array.from(pattern).entries()) {
    instance = advance(instance, character === 'x' ? hit : undefined, rule, index * 1_000);
    states += instance?.state.kind[0] ?? '-';
  }
  return states;
}

test.each([
  ['.xx..', 0, 0, '-ffrr', 'without for it fires at once'],
  ['xxxx', 3_000, 0, 'pppf', 'with for it fires when it has held that long'],
  ['xxxx', 500, 0, 'pfff', 'a for below the interval fires at the next evaluation'],
  ['xx.xxxx', 3_000, 0, 'pp-pppf', 'a pending alert that vanishes is forgotten'],
  ['x.x', 0, 0, 'frf', 'a resolved alert begins anew'],
  ['x...', 0, 2_000, 'fffr', 'keep_firing_for counts from the first evaluation without'],
  ['x.x...', 0, 2_000, 'fffffr', 'a new hit resets keep_firing_for'],
  ['x..', 2_000, 5_000, 'p--', 'keep_firing_for keeps only what fires'],
])('%s with for %d and keep %d gives %s: %s', (pattern, forMs, keepFiringForMs, states) => {
  expect(run(pattern, { forMs, keepFiringForMs })).toBe(states);
});

const plain = { forMs: 0, keepFiringForMs: 0 };

function fired(): AlertInstance {
  const instance = advance(undefined, hit, plain, 0);
  if (instance === undefined) throw new Error('it fires');
  return instance;
}

test('a resolved alert is remembered for 15 minutes', () => {
  const resolved = advance(fired(), undefined, plain, 1_000);
  const later = advance(resolved, undefined, plain, 1_000 + 15 * 60_000);
  expect(later?.state.kind).toBe('resolved');
  expect(advance(later, undefined, plain, 1_001 + 15 * 60_000)).toBeUndefined();
});

test('value and annotations follow the newest hit, the beginning stays', () => {
  const next = advance(fired(), { ...hit, value: 7, annotations: { a: 'b' } }, plain, 5_000);
  expect(next).toMatchObject({
    annotations: { a: 'b' },
    state: { kind: 'firing', activeAtUnixMs: 0, firedAtUnixMs: 0, value: 7 },
  });
});

// Seen on Prometheus 2.42: `for` raised from 1s to 60s by a reload, the alert stayed firing.
test('a firing alert goes on firing when its for grows, until it is over', () => {
  const longer = { forMs: 60_000, keepFiringForMs: 0 };
  const next = advance(fired(), hit, longer, 1_000);
  expect(next?.state).toMatchObject({ kind: 'firing', firedAtUnixMs: 0 });
  expect(advance(next, undefined, longer, 2_000)?.state.kind).toBe('resolved');
  // Once resolved it begins anew, with the new `for`.
  const resolved = advance(next, undefined, longer, 2_000);
  expect(advance(resolved, hit, longer, 3_000)?.state.kind).toBe('pending');
});

test('receivers hear of the beginning, of the repeat and of the end, each once', () => {
  const firing = fired();
  expect(needsSending(firing, 0, 10_000)).toBe(true);
  const sent: AlertInstance = { ...firing, sent: { kind: 'firing', unixMs: 0 } };
  expect(needsSending(sent, 9_999, 10_000)).toBe(false);
  expect(needsSending(sent, 10_000, 10_000)).toBe(true);
  const over = advance(sent, undefined, plain, 1_000);
  if (over === undefined) throw new Error('it is remembered');
  expect(needsSending(over, 1_000, 10_000)).toBe(true);
  const told: AlertInstance = { ...over, sent: { kind: 'resolved', unixMs: 1_000 } };
  expect(needsSending(told, 1e9, 10_000)).toBe(false);
});

test('an alert never fires before it has held for `for`', () => {
  const patterns = fc.array(fc.constantFrom('x', '.'), { maxLength: 40 });
  fc.assert(
    fc.property(patterns, fc.nat(6), fc.nat(4), (pattern, forSeconds, keepSeconds) => {
      const states = run(pattern.join(''), {
        forMs: forSeconds * 1_000,
        keepFiringForMs: keepSeconds * 1_000,
      });
      for (let i = 0; i < states.length; i++) {
        const begins = states[i] === 'f' && states[i - 1] !== 'f';
        if (!begins) continue;
        const held = pattern.slice(i - forSeconds, i + 1).join('');
        expect(held).toBe('x'.repeat(forSeconds + 1));
      }
    }),
  );
});
