import { type Explain, type QueryNodeView } from '@dwcp/api-schema';

import { type Io, styleFor } from './io.ts';
import { table } from './table.ts';
import { counted, printable, widthOf } from './text.ts';

/** What a query cost, as a tree of its parts. */
export function renderExplain(io: Io, { printed, kind, result, stats }: Explain): string {
  const style = styleFor(io.out, io.env);
  const head =
    `${style.bold(printable(printed))}\n${kind} query: ${result.type} of ` +
    `${counted(result.seriesCount, 'series', 'series')}, ${counted(result.sampleCount, 'sample')}\n`;
  if (stats === null)
    return `${head}the engine behind this server does not tell what a query costs\n`;
  const { durationMs, seriesRead, samplesRead, peakSamples, cachedSteps, steps, root } = stats;
  const summary =
    `${milliseconds(durationMs)}${stats.onWorker ? ' on a worker thread' : ''}; read ` +
    `${counted(samplesRead, 'sample')} of ${counted(seriesRead, 'series', 'series')}, ` +
    `held at most ${counted(peakSamples, 'sample')}; ` +
    `${cachedSteps.toLocaleString('en')} of ${counted(steps, 'step')} from the cache\n`;
  if (root === null) return `${head}${summary}the whole answer was kept from earlier queries\n`;
  const rows = rowsOf(root, totalOf(root));
  return `${head}${summary}\n${table(
    ['PART', 'OWN TIME', 'SHARE', 'SERIES', 'SAMPLES READ'],
    rows,
    {
      right: new Set([1, 2, 3, 4]),
      width: widthOf(io.out),
    },
  )}`;
}

function rowsOf(node: QueryNodeView, totalMs: number, depth = 0): string[][] {
  const { expression, durationMs, seriesCount, samplesRead, children } = node;
  return [
    [
      (depth === 0 ? '' : `${'  '.repeat(depth - 1)}└ `) +
        printable(expression.replaceAll(/\s+/g, ' ')),
      milliseconds(durationMs),
      totalMs > 0 ? `${Math.round((100 * durationMs) / totalMs)}%` : '-',
      seriesCount.toLocaleString('en'),
      samplesRead.toLocaleString('en'),
    ],
    ...children.flatMap((child) => rowsOf(child, totalMs, depth + 1)),
  ];
}

function totalOf({ durationMs, children }: QueryNodeView): number {
  return children.reduce((sum, child) => sum + totalOf(child), durationMs);
}

function milliseconds(ms: number): string {
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}
