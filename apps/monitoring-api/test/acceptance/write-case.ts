import {
  type Answer,
  type Pairs,
  series,
  type WireSeries,
  write1,
  write2,
} from './remote-write-wire.ts';

export const NOW = Date.now();

export type Counts = Readonly<Record<string, number>>;

export interface Case {
  readonly send: (url: string) => Promise<Answer>;
  readonly status: number;
  /** What the body says. */
  readonly reason?: RegExp;
  /** By how much the counters of refused samples grow. */
  readonly rejected?: Counts;
  /** What is found afterwards: values with their Unix milliseconds, by metric name. */
  readonly kept?: Readonly<Record<string, readonly (readonly [value: string, unixMs: number])[]>>;
}

export const inVersion1 =
  (...all: readonly WireSeries[]): Case['send'] =>
  (url) =>
    write1(url, ...all);
export const inVersion2 =
  (...all: readonly WireSeries[]): Case['send'] =>
  (url) =>
    write2(url, ...all);
export const labeled = (name: string, labels: Pairs): WireSeries => ({
  labels: [['__name__', name], ...labels],
  samples: [[1, NOW]],
});
export const bytes = (...all: readonly number[]): Uint8Array => Uint8Array.from(all);
/** Beside what is wrong stands what is right, of a name of its own. */
export const good = (name: string): WireSeries => series(name, [[1, NOW]]);
export const keeps = (...names: readonly string[]): NonNullable<Case['kept']> =>
  Object.fromEntries(names.map((name) => [name, [['1', NOW]]]));
