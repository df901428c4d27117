// What is measured, and what ours must reach.
import { type ServerName } from './server.ts';

/** What is compared; the query figures of `answers` compare with Prometheus themselves. */
export type FigureName =
  | 'samples per CPU second'
  | 'samples per second'
  | 'resident MiB'
  | 'bytes per sample'
  | `query ${'a' | 'b' | 'c'}, ${'cold ms' | 'warm ms' | 'CPU ms'}`
  | `query ${'a' | 'b' | 'c'}, ${'largest' | 'checksum'} difference to Prometheus`;

export interface Bar {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One line of the result. */
export interface Comparison {
  readonly figure: FigureName;
  /** Undefined: the bar is for our figure itself. */
  readonly peer?: ServerName;
  /** Undefined: told, not judged. */
  readonly bar?: Bar;
}

export interface Part {
  readonly name: string;
  readonly workload: string;
  readonly servers: readonly ServerName[];
  readonly hasDiskUse: boolean;
  readonly hasQueries: boolean;
  readonly comparisons: readonly Comparison[];
}

const PEERS = ['prometheus', 'victoria-metrics'] as const;
const ALL = [...PEERS, 'dwcp'] as const;

/** Told beside what is judged: a wall clock depends on who else uses the machine. */
const speed: readonly Comparison[] = PEERS.map((peer) => ({ figure: 'samples per second', peer }));

const size = (atMost: number): readonly Comparison[] => [
  { figure: 'bytes per sample', bar: { atMost } },
  ...PEERS.map((peer): Comparison => ({ figure: 'bytes per sample', peer })),
];

const queries = (['a', 'b', 'c'] as const).flatMap((name): Comparison[] => [
  { figure: `query ${name}, largest difference to Prometheus`, bar: { atMost: 1e-9 } },
  // On whole minutes Prometheus 2.42 counts one sample more into each range (they were closed then,
  // and are left-open since 3.0), so the sums can only be near.
  { figure: `query ${name}, checksum difference to Prometheus`, bar: { atMost: 1e-3 } },
  ...(['cold ms', 'warm ms', 'CPU ms'] as const).flatMap((what) =>
    PEERS.map((peer): Comparison => ({ figure: `query ${name}, ${what}`, peer })),
  ),
]);

export const FULL: readonly Part[] = [
  {
    name: 'ingest-10k',
    workload: 'ingest-10000x2000',
    servers: ALL,
    hasDiskUse: true,
    hasQueries: false,
    comparisons: [
      { figure: 'samples per CPU second', peer: 'victoria-metrics', bar: { atLeast: 1 } },
      { figure: 'samples per CPU second', peer: 'prometheus', bar: { atLeast: 3.5 } },
      ...speed,
      { figure: 'resident MiB', peer: 'prometheus', bar: { atMost: 1.5 } },
      { figure: 'resident MiB', peer: 'victoria-metrics' },
      ...size(1.35),
    ],
  },
  {
    name: 'ingest-100k',
    workload: 'ingest-100000x200',
    servers: ALL,
    hasDiskUse: true,
    hasQueries: false,
    comparisons: [
      { figure: 'samples per CPU second', peer: 'victoria-metrics', bar: { atLeast: 0.9 } },
      { figure: 'samples per CPU second', peer: 'prometheus' },
      ...speed,
      { figure: 'resident MiB', peer: 'prometheus', bar: { atMost: 1 } },
      { figure: 'resident MiB', peer: 'victoria-metrics' },
      ...PEERS.map((peer): Comparison => ({ figure: 'bytes per sample', peer })),
    ],
  },
  {
    name: 'query-24h',
    workload: 'query-24h',
    servers: ALL,
    hasDiskUse: true,
    hasQueries: true,
    comparisons: [...size(1.05), ...queries],
  },
  {
    name: 'jitter',
    workload: 'ingest-1000x2000-jitter3',
    servers: ALL,
    hasDiskUse: true,
    hasQueries: false,
    comparisons: [
      { figure: 'bytes per sample', peer: 'victoria-metrics', bar: { atMost: 0.75 } },
      { figure: 'bytes per sample', peer: 'prometheus' },
    ],
  },
];

/**
 * About 2 M samples each. No bar for memory, which is for 20 M samples, and none for the speed at 100k
 * series, where a tenth of the samples would be the first of their series. Prometheus is left out where
 * no bar is about it.
 */
export const QUICK: readonly Part[] = [
  {
    name: 'ingest-10k',
    workload: 'ingest-10000x200',
    servers: ALL,
    hasDiskUse: false,
    hasQueries: false,
    comparisons: [
      { figure: 'samples per CPU second', peer: 'victoria-metrics', bar: { atLeast: 1 } },
      { figure: 'samples per CPU second', peer: 'prometheus', bar: { atLeast: 3.5 } },
      ...speed,
      ...PEERS.map((peer): Comparison => ({ figure: 'resident MiB', peer })),
    ],
  },
  {
    name: 'ingest-100k',
    workload: 'ingest-100000x20',
    servers: ['victoria-metrics', 'dwcp'],
    hasDiskUse: false,
    hasQueries: false,
    comparisons: [
      { figure: 'samples per CPU second', peer: 'victoria-metrics' },
      { figure: 'resident MiB', peer: 'victoria-metrics' },
    ],
  },
  {
    name: 'bytes',
    workload: 'ingest-1000x2000',
    servers: ['victoria-metrics', 'dwcp'],
    hasDiskUse: true,
    hasQueries: false,
    comparisons: [
      { figure: 'bytes per sample', bar: { atMost: 1.35 } },
      { figure: 'bytes per sample', peer: 'victoria-metrics' },
    ],
  },
  {
    name: 'jitter',
    workload: 'ingest-1000x2000-jitter3',
    servers: ['victoria-metrics', 'dwcp'],
    hasDiskUse: true,
    hasQueries: false,
    comparisons: [{ figure: 'bytes per sample', peer: 'victoria-metrics', bar: { atMost: 0.75 } }],
  },
];
