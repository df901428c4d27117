// What keeps the event loop busy: how long, and what ran meanwhile.
import { type Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** A stretch in which the loop did not turn, in milliseconds of `performance.now()`. */
interface Gap {
  readonly startMs: number;
  readonly endMs: number;
  /** What of it this thread spent on a processor; the rest was the machine's other load. */
  readonly cpuMs: number;
}

interface GcPause {
  readonly startMs: number;
  readonly endMs: number;
  readonly kind: string;
}

export interface Stalls {
  /** Of all gaps between two turns of a 1 ms ticker. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest that this thread worked without a turn, so apart from the machine's other load. */
  readonly maxCpuMs: number;
  /** As the runtime's own histogram has it. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  readonly over20: number;
  readonly longestGcMs: number;
  /** The longest gaps, with what the profile says of them. */
  readonly longest: readonly string[];
}

const GC_KINDS: Readonly<Record<number, string>> = {
  1: 'scavenge',
  2: 'minor mark-sweep',
  4: 'mark-sweep-compact',
  8: 'incremental marking',
  16: 'weak callbacks',
};

/** Watches while the work goes on. With a profile it also tells which functions ran. */
export async function watchStalls(
  work: () => Promise<void>,
  { withProfile }: { readonly withProfile: boolean },
): Promise<Stalls> {
  const gaps: Gap[] = [];
  const pauses: GcPause[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry;
      // The types do not know what an entry of the collector carries.
      const { kind } = (entry as unknown as { readonly detail: { readonly kind: number } }).detail;
      pauses.push({
        startMs: startTime,
        endMs: startTime + duration,
        kind: GC_KINDS[kind] ?? String(kind),
      });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const session = withProfile ? new Session() : undefined;
  session?.connect();
  await session?.post('Profiler.enable');
  await session?.post('Profiler.setSamplingInterval', { interval: 500 });
  await session?.post('Profiler.start');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let last = performance.now();
  let lastCpu = threadCpuMs();
  const counts = new Uint32Array(100_000);
  let ticks = 0;
  const ticker = setInterval(() => {
    const now = performance.now();
    const cpu = threadCpuMs();
    const gapMs = now - last;
    ticks++;
    const bucket = Math.min(counts.length - 1, Math.floor(gapMs * 10));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    if (gapMs > 8) gaps.push({ startMs: last, endMs: now, cpuMs: cpu - lastCpu });
    last = now;
    lastCpu = cpu;
  }, 1);
  await work();
  clearInterval(ticker);
  delay.disable();
  const profile = (await session?.post('Profiler.stop'))?.profile;
  session?.disconnect();
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  observer.disconnect();
  const longest = gaps.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, 8);
  return {
    p50Ms: quantile(counts, ticks, 0.5),
    p99Ms: quantile(counts, ticks, 0.99),
    maxMs: Math.max(0, ...gaps.map(({ startMs, endMs }) => endMs - startMs)),
    maxCpuMs: longest[0]?.cpuMs ?? 0,
    delayP50Ms: delay.percentile(50) / 1e6,
    delayP99Ms: delay.percentile(99) / 1e6,
    delayMaxMs: delay.max / 1e6,
    over20: gaps.filter(({ cpuMs }) => cpuMs > 20).length,
    longestGcMs: Math.max(0, ...pauses.map(({ startMs, endMs }) => endMs - startMs)),
    longest: longest.map((gap) => describe(gap, pauses, profile)),
  };
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Upper end of the bucket, a tenth of a millisecond wide. */
function quantile(counts: Uint32Array, total: number, q: number): number {
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= total * q) return (bucket + 1) / 10;
  }
  return counts.length / 10;
}

function describe(
  gap: Gap,
  pauses: readonly GcPause[],
  profile: Profiler.Profile | undefined,
): string {
  const { startMs, endMs, cpuMs } = gap;
  const at = (endMs / 1_000).toFixed(1);
  const parts = [`at ${at} s ${(endMs - startMs).toFixed(1)} ms, cpu ${cpuMs.toFixed(1)} ms:`];
  const inside = pauses.filter((pause) => pause.endMs > startMs && pause.startMs < endMs);
  for (const pause of inside) {
    parts.push(`gc ${pause.kind} ${(pause.endMs - pause.startMs).toFixed(1)} ms;`);
  }
  if (profile !== undefined) parts.push(functionsIn(gap, profile));
  return parts.join(' ');
}

/** The functions that took most of a gap, each with the call chain that led to it. */
function functionsIn({ startMs, endMs }: Gap, profile: Profiler.Profile): string {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children } of nodes) for (const child of children ?? []) parents.set(child, id);
  // The profile counts microseconds of the monotonic clock, as hrtime does.
  const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  let nowMs = profile.startTime / 1_000 - originMs;
  const took = new Map<string, number>();
  for (const [i, id] of samples.entries()) {
    const deltaMs = (timeDeltas[i] ?? 0) / 1_000;
    nowMs += deltaMs;
    if (nowMs < startMs || nowMs > endMs) continue;
    const chain: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame === undefined || frame.functionName === '(root)') continue;
      const file = frame.url.split('/').at(-1) ?? '';
      chain.push(`${frame.functionName === '' ? '?' : frame.functionName}@${file}`);
    }
    const name = chain.slice(0, 4).join(' < ');
    took.set(name, (took.get(name) ?? 0) + deltaMs);
  }
  return [...took]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 6)
    .map(([name, ms]) => `\n      ${ms.toFixed(1).padStart(6)} ms ${name}`)
    .join('');
}
