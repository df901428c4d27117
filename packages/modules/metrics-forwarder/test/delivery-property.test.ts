import { MemoryPositionStore } from '@dwcp/metrics-forwarder';
import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ArrayFeed } from './support/array-feed.ts';
import { Harness } from './support/harness.ts';
import {
  type Behaviour,
  type ReceivedRequest,
  Receiver,
  writtenHeaders,
} from './support/receiver.ts';
import { batchOf, type Row } from './support/rows.ts';

/** What the receiver does with a request; `kept` is what it stored, whatever it answers. */
type Reaction =
  | { readonly kind: 'accept' }
  | { readonly kind: 'refuse'; readonly status: 400 | 404 | 413 }
  | {
      readonly kind: 'busy';
      readonly status: 429 | 500 | 503;
      readonly retryAfter: string | undefined;
    }
  | { readonly kind: 'lost'; readonly how: 'hang' | 'close'; readonly kept: boolean };

const reactionArb: fc.Arbitrary<Reaction> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('accept' as const) }) },
  fc.record({
    kind: fc.constant('refuse' as const),
    status: fc.constantFrom(400 as const, 404 as const, 413 as const),
  }),
  fc.record({
    kind: fc.constant('busy' as const),
    status: fc.constantFrom(429 as const, 500 as const, 503 as const),
    retryAfter: fc.constantFrom(undefined, '0', '3', 'Fri, 02 Jan 2026 03:04:20 GMT', 'soon'),
  }),
  fc.record({
    kind: fc.constant('lost' as const),
    how: fc.constantFrom('hang' as const, 'close' as const),
    kept: fc.boolean(),
  }),
);

/** A receiver that notes, for each sample, when it came and what became of it. */
class Ledger {
  /** `series@time` of what was stored, in order. */
  readonly stored: string[] = [];
  readonly refused: string[] = [];
  /** Samples whose request got no answer at least once. */
  readonly unanswered = new Set<string>();
  readonly #reactions: Reaction[];

  constructor(reactions: readonly Reaction[]) {
    this.#reactions = [...reactions];
  }

  readonly behave = (request: ReceivedRequest): Behaviour => {
    const reaction = this.#reactions.shift() ?? { kind: 'accept' };
    const samples = request.series.flatMap(({ labels, timestamps }) =>
      timestamps.map((unixMs) => `${labels.metricName}@${unixMs}`),
    );
    switch (reaction.kind) {
      case 'accept':
        this.stored.push(...samples);
        return { kind: 'answer', status: 204, headers: writtenHeaders(request) };
      case 'refuse':
        this.refused.push(...samples);
        return { kind: 'answer', status: reaction.status, body: 'no' };
      case 'busy': {
        const { status, retryAfter } = reaction;
        return {
          kind: 'answer',
          status,
          ...(retryAfter !== undefined && { headers: { 'Retry-After': retryAfter } }),
        };
      }
      case 'lost':
        if (reaction.kept) this.stored.push(...samples);
        for (const sample of samples) this.unanswered.add(sample);
        return { kind: reaction.how };
    }
  };
}

const SERIES = ['a', 'b', 'c', 'd', 'e'];

/** Entries of a feed, the samples of each series ascending in time over all of them. */
const entriesArb = fc
  .array(fc.array(fc.constantFrom(...SERIES), { maxLength: 12 }), { minLength: 1, maxLength: 12 })
  .map((entries) => {
    let unixMs = 0;
    return entries.map((names) => names.map((name): Row => [name, ++unixMs, unixMs]));
  });

/** What is wrong with what became of the samples. */
function violations(
  ledger: Ledger,
  rows: readonly Row[],
  { mayRepeat }: { readonly mayRepeat: boolean },
): readonly string[] {
  const arrived = [...new Set(ledger.stored)];
  const refused = new Set(ledger.refused);
  const missing = rows
    .map(([name, unixMs]) => `${name}@${unixMs}`)
    .filter((sample) => !arrived.includes(sample) && !refused.has(sample));
  // What was refused may be offered again after a restart, late.
  const inOrder = arrived.filter((sample) => !refused.has(sample));
  const late = SERIES.flatMap((name) => {
    const times = inOrder
      .filter((sample) => sample.startsWith(`${name}@`))
      .map((sample) => Number(sample.slice(name.length + 1)));
    return times.filter((unixMs, i) => unixMs < (times[i - 1] ?? 0)).map((ms) => `${name}@${ms}`);
  });
  const seen = new Set<string>();
  const repeated = [...ledger.stored, ...refused].filter((sample) => {
    if (!seen.has(sample)) {
      seen.add(sample);
      return false;
    }
    // Once, but for what had no answer.
    return !mayRepeat && !ledger.unanswered.has(sample);
  });
  return [
    ...missing.map((sample) => `${sample} is missing`),
    ...late.map((sample) => `${sample} came after a later one`),
    ...repeated.map((sample) => `${sample} came twice`),
  ];
}

test('whatever a receiver does, each sample arrives in order and once, or is counted as dropped', async () => {
  await fc.assert(
    fc.asyncProperty(
      entriesArb,
      fc.array(reactionArb, { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 8 }),
      async (entries, reactions, shards, maxSamplesPerSend) => {
        await using harness = await Harness.open({
          minShards: shards,
          maxShards: shards,
          maxSamplesPerSend,
          capacity: 10,
          timeoutMs: 5_000,
        });
        const ledger = new Ledger(reactions);
        harness.receiver.behave = ledger.behave;

        for (const rows of entries) {
          harness.feed.append(batchOf(...rows));
          await harness.step();
        }
        await harness.settled();

        expect(violations(ledger, entries.flat(), { mayRepeat: false })).toEqual([]);
        const { droppedByReason } = harness.forwarder.status();
        const dropped = Object.values(droppedByReason).reduce((sum, count) => sum + count, 0);
        expect(dropped).toBe(ledger.refused.length);
      },
    ),
    { numRuns: 150 },
  );
});

test('restarts in between lose nothing and keep the order', async () => {
  await fc.assert(
    fc.asyncProperty(
      entriesArb,
      fc.array(reactionArb, { maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 4 }),
      async (entries, reactions, pauses) => {
        const receiver = await Receiver.open();
        const feed = new ArrayFeed();
        const positions = new MemoryPositionStore();
        const clock = new ManualClock();
        const ledger = new Ledger(reactions);
        receiver.behave = ledger.behave;
        const shared = { receiver, feed, positions, maxSamplesPerSend: 3, timeoutMs: 5_000 };
        const left = [...entries];
        for (const [index, steps] of pauses.entries()) {
          const harness = await Harness.open({ ...shared, minShards: (index % 3) + 1 }, clock);
          for (let step = 0; step < steps; step++) {
            const rows = left.shift();
            if (rows !== undefined) feed.append(batchOf(...rows));
            await harness.step();
          }
          await harness.close({ timeoutMs: 1_000 });
        }
        await using last = await Harness.open(shared, clock);
        for (const rows of left) feed.append(batchOf(...rows));
        await last.settled();

        // A request that was cut off by a close had no answer, which the receiver cannot know.
        expect(violations(ledger, entries.flat(), { mayRepeat: true })).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
});
