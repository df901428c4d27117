// The figures of all servers, the table of queries, and the verdict.
import { short } from '../metrics/figures.ts';
import { type ServerName } from '../metrics/server.ts';
import { median, type QueryCost } from './cost.ts';
import { type LiveFigures, LIVE_SAMPLES_PER_SECOND } from './live.ts';
import { ANCHOR_QUERIES, type BenchQuery } from './queries.ts';

/** Answers up to this size are a panel's; what is larger is told, not judged. */
export const PANEL_POINTS = 10_000;

export interface Repeated {
  readonly query: string;
  readonly points: number;
  readonly sameP50Ms: number;
  /** The window a step further each time, as a dashboard that refreshes itself asks. */
  readonly movingP50Ms: number;
}

export interface Results {
  /** Of one server, by query, one of each round. */
  readonly costs: Map<ServerName, Map<string, QueryCost[]>>;
  readonly repeated: Map<ServerName, Repeated[]>;
  readonly live: Map<ServerName, LiveFigures>;
  /** Answers that are not Prometheus'. */
  readonly wrong: string[];
  /** Answers that were compared with Prometheus'. */
  comparedCount: number;
  readonly failures: string[];
}

export interface Bar {
  readonly name: string;
  readonly value: number | undefined;
  readonly limit: number;
  readonly atLeast?: boolean;
  /** Undefined: both sides were not measured, on request. */
  readonly isReached: boolean | undefined;
  readonly detail?: string;
}

const cpuOf = (results: Results, server: ServerName, query: string): number | undefined => {
  const costs = results.costs.get(server)?.get(query);
  return costs === undefined ? undefined : median(costs.map(({ cpuMs }) => cpuMs));
};

const ratio = (ours: number | undefined, peer: number | undefined): number | undefined =>
  ours === undefined || peer === undefined ? undefined : ours / peer;

/** One line per query: CPU ms of each server, ours over each peer's, and how long clients of ours wait. */
export function table(results: Results, queries: readonly BenchQuery[]): string {
  const rows = [['', 'prometheus', 'victoria', 'ours', '/ prom.', '/ vict.', 'ours, wall ms']];
  for (const { name } of queries) {
    const [prometheus, victoria, ours] = (['prometheus', 'victoria-metrics', 'dwcp'] as const).map(
      (server) => cpuOf(results, server, name),
    );
    const waits = results.costs
      .get('dwcp')
      ?.get(name)
      ?.map(({ wallP50Ms }) => wallP50Ms);
    rows.push([
      name,
      ...[prometheus, victoria, ours, ratio(ours, prometheus), ratio(ours, victoria)].map(short),
      short(waits && median(waits)),
    ]);
  }
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths?.[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  '),
    )
    .join('\n');
}

export interface Wanted {
  readonly queries: readonly BenchQuery[];
  readonly servers: readonly ServerName[];
  readonly hasLive: boolean;
  readonly hasRepeated: boolean;
}

export function judge(results: Results, wanted: Wanted): readonly Bar[] {
  const { queries } = wanted;
  const asked = (...servers: readonly ServerName[]): boolean =>
    servers.every((server) => wanted.servers.includes(server));
  const atMost = (
    name: string,
    value: number | undefined,
    limit: number,
    isJudged: boolean,
  ): Bar => ({
    name,
    value,
    limit,
    isReached: isJudged ? value !== undefined && value <= limit : undefined,
  });
  const bars: Bar[] = [];

  if (queries.length > 0) {
    const beside = queries.map(({ name }) => ({
      name,
      value: ratio(cpuOf(results, 'dwcp', name), cpuOf(results, 'prometheus', name)),
    }));
    const known = beside.filter(({ value }) => value !== undefined);
    const isWhole = known.length === queries.length;
    const values = known.map(({ value = Number.NaN }) => value);
    const largest = Math.max(...values);
    const isJudged = asked('dwcp', 'prometheus');
    bars.push(
      atMost('CPU / prometheus, median', isWhole ? median(values) : undefined, 0.35, isJudged),
      {
        ...atMost('CPU / prometheus, largest', isWhole ? largest : undefined, 1, isJudged),
        detail: known
          .filter(({ value = 0 }) => value > 1 || value === largest)
          .map(({ name, value }) => `${name} ${short(value)}`)
          .join(', '),
      },
    );
    for (const { name } of queries.filter((query) => ANCHOR_QUERIES.includes(query))) {
      const value = ratio(cpuOf(results, 'dwcp', name), cpuOf(results, 'victoria-metrics', name));
      bars.push(
        atMost(`${name} CPU / victoria-metrics`, value, 1.5, asked('dwcp', 'victoria-metrics')),
      );
    }
    const isCompared = results.comparedCount === queries.length;
    bars.push({
      ...atMost(
        "answers that are not Prometheus'",
        isCompared ? results.wrong.length : undefined,
        0,
        isJudged,
      ),
      detail: results.wrong.map((text) => text.split(':', 1)[0]).join(', '),
    });
  }
  if (wanted.hasRepeated) {
    const panels = results.repeated.get('dwcp')?.filter(({ points }) => points <= PANEL_POINTS);
    const slowest = panels?.toSorted((x, y) => y.sameP50Ms - x.sameP50Ms)[0];
    bars.push({
      ...atMost(
        'repeated panel from the cache, slowest p50 ms',
        slowest?.sameP50Ms,
        2,
        asked('dwcp'),
      ),
      ...(slowest === undefined ? {} : { detail: slowest.query }),
    });
  }
  if (wanted.hasLive) {
    const live = results.live.get('dwcp');
    const rate = live && live.sampleCount / live.seconds;
    // The last requests are acknowledged a little after they were due.
    const limit = LIVE_SAMPLES_PER_SECOND * 0.99;
    bars.push(
      {
        name: 'samples per second while queries run',
        value: rate,
        limit,
        atLeast: true,
        isReached: asked('dwcp') ? rate !== undefined && rate >= limit : undefined,
      },
      atMost('acknowledgement p99 ms while queries run', live?.ackP99Ms, 100, asked('dwcp')),
    );
  }
  return bars;
}

export function lineOf({ name, value, limit, atLeast, isReached, detail = '' }: Bar): string {
  const verdict = isReached === undefined ? 'told' : isReached ? 'ok' : 'MISSED';
  const sign = atLeast === true ? '>=' : '<=';
  return `${verdict.padEnd(6)}  ${name}: ${short(value)} (${sign} ${short(limit)})${detail === '' ? '' : `  ${detail}`}`;
}
