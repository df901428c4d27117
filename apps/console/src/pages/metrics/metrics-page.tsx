import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useMemo, useRef, useState } from 'react';

import { seriesColor } from '../../charts/colors.ts';
import { alignWindow, rateWindow } from '../../charts/step.ts';
import { summarizeChart } from '../../charts/summary.ts';
import { type ChartSeries, TimeChart } from '../../charts/time-chart.tsx';
import { useFrames, useStepMs } from '../../charts/use-frames.ts';
import { formatLabels } from '../../format/labels.ts';
import { formatSeconds, formatValue, guessUnit } from '../../format/units.ts';
import { liveNowMs } from '../../time/live.ts';
import { resolveRange } from '../../time/range.ts';
import { useRangeActions, useTimeRange } from '../../time/use-range.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';
import { suggestExpression } from './catalogue.ts';
import { type Explained, ExplainPanel } from './explain-panel.tsx';
import { MetricCatalogue } from './metric-catalogue.tsx';
import { QueryRow } from './query-row.tsx';
import { SeriesTable } from './series-table.tsx';

const route = getRouteApi('/explore');

/** More series than this are not drawn: nobody can tell them apart. */
const maxDrawn = 60;

/** The metrics explorer: expressions, one chart over all of them, and their figures. */
export function MetricsPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate();
  const asked = useMemo(() => search.q ?? [], [search.q]);
  const [drafts, setDrafts] = useState<readonly string[]>(asked.length === 0 ? [''] : asked);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<number | null>(null);
  const focused = useRef(0);
  const lastAsked = useRef(asked);
  if (lastAsked.current !== asked) {
    // Another address (a link, Back) brings its own expressions.
    lastAsked.current = asked;
    setDrafts(asked.length === 0 ? [''] : asked);
  }

  const stepMs = useStepMs(720);
  const { frames, grid, errors, pending, refetch } = useFrames(asked, stepMs);
  const actions = useRangeActions();
  const { range } = useTimeRange();
  const [explained, setExplained] = useState<Explained | null>(null);
  const explain = (expr: string): void => {
    const window = alignWindow(resolveRange(range, liveNowMs()), stepMs);
    setExplained({ expr, ...window, stepMs });
  };

  const run = (next: readonly string[]): void => {
    setDrafts(next);
    const q = next.map((one) => one.trim()).filter((one) => one !== '');
    void navigate({
      to: '/explore',
      search: (prev) => ({ ...prev, q: q.length === 0 ? undefined : q }),
    });
    if (q.join('\n') === asked.join('\n')) refetch();
  };

  const units = asked.map(guessUnit);
  const unit = units.every((one) => one === units[0]) ? (units[0] ?? 'none') : 'none';
  const all = useMemo(
    (): ChartSeries[] =>
      frames
        .flatMap((frame, index) =>
          frame.series.map((one) => ({
            key: `${index}:${one.key}`,
            label: one.key === '' ? (asked[index] ?? '') : formatLabels(one.labels),
            values: one.values,
          })),
        )
        .map((one, index) => ({ ...one, color: seriesColor(index) })),
    [frames, asked],
  );
  const drawn = all.slice(0, maxDrawn).filter(({ key }) => !hidden.has(key));
  const stacked = search.stacked === true;

  return (
    <Page
      fill
      title="Metrics"
      note={
        asked.length === 0
          ? undefined
          : `${all.length} series, step ${formatSeconds(stepMs / 1_000)}`
      }
      actions={
        <button
          type="button"
          className="control"
          aria-pressed={stacked}
          onClick={() =>
            void navigate({
              to: '/explore',
              search: (prev) => ({ ...prev, stacked: stacked ? undefined : true }),
            })
          }
        >
          Stacked
        </button>
      }
    >
      <div className="flex min-h-0 flex-1 gap-3">
        <MetricCatalogue
          onChoose={(entry) => {
            const expr = suggestExpression(entry, rateWindow(stepMs));
            const at = Math.min(focused.current, drafts.length - 1);
            run(drafts.map((draft, index) => (index === at ? expr : draft)));
          }}
        />
        <div className="flex min-w-0 flex-1 flex-col gap-3 overflow-y-auto p-0.5">
          <div className="flex flex-col gap-2">
            {drafts.map((draft, index) => (
              <QueryRow
                // Rows are told apart by place only; the editor follows its value.
                key={index}
                index={index}
                value={draft}
                dirty={draft.trim() !== (asked[index] ?? '')}
                error={errors[asked.indexOf(draft.trim())] ?? null}
                onFocus={() => (focused.current = index)}
                onChange={(value) => setDrafts(drafts.map((one, i) => (i === index ? value : one)))}
                explained={explained !== null && explained.expr === draft.trim()}
                onRun={() => run(drafts)}
                onExplain={() => {
                  if (explained?.expr === draft.trim()) setExplained(null);
                  else explain(draft.trim());
                }}
                onRemove={
                  drafts.length > 1
                    ? () => run(drafts.filter((_, other) => other !== index))
                    : undefined
                }
              />
            ))}
            {drafts.length < 8 && (
              <button
                type="button"
                className="text-muted hover:text-text inline-flex h-6 w-max items-center gap-1 rounded px-1 text-xs"
                onClick={() => {
                  focused.current = drafts.length;
                  setDrafts([...drafts, '']);
                }}
              >
                <Plus size={13} aria-hidden /> Add an expression
              </button>
            )}
          </div>
          {explained !== null && (
            <ExplainPanel
              explained={explained}
              onRefresh={() => explain(explained.expr)}
              onClose={() => setExplained(null)}
            />
          )}
          {asked.length === 0 ? (
            <div className="border-line bg-panel rounded-lg border">
              <EmptyState title="Ask a question, or choose a metric from the list">
                Enter runs the expression. Try one of these:
                <span className="mt-3 flex flex-col items-center gap-1.5">
                  {examples.map((expr) => (
                    <button
                      key={expr}
                      type="button"
                      className="text-accent font-mono text-[11.5px] hover:underline"
                      onClick={() => run([expr])}
                    >
                      {expr}
                    </button>
                  ))}
                </span>
              </EmptyState>
            </div>
          ) : (
            <>
              <section
                className="border-line bg-panel rounded-lg border px-1 py-1"
                aria-label="Chart"
              >
                {all.length === 0 && pending ? (
                  <Loading height={320} />
                ) : all.length === 0 ? (
                  <div className="flex items-center" style={{ height: 320 }}>
                    <EmptyState title="Nothing answers to this in this range" compact>
                      {errors.some((one) => one !== null)
                        ? 'The error is shown at the expression.'
                        : 'Check the labels, or widen the time range with the - key.'}
                    </EmptyState>
                  </div>
                ) : (
                  <TimeChart
                    grid={grid}
                    series={drawn}
                    unit={unit}
                    kind={stacked ? 'stack' : 'line'}
                    height={320}
                    summary={summarizeChart(asked.join(' and '), drawn, (value) =>
                      formatValue(value, unit),
                    )}
                    onSelect={actions.between}
                    onZoomOut={() => actions.zoom(2)}
                    onCursor={setCursor}
                  />
                )}
              </section>
              {all.length > 0 && (
                <SeriesTable
                  series={all}
                  unit={unit}
                  hidden={hidden}
                  cursor={cursor}
                  maxDrawn={maxDrawn}
                  onHidden={setHidden}
                />
              )}
            </>
          )}
        </div>
      </div>
    </Page>
  );
}

const examples = [
  'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[10s]))',
  'process_resident_memory_bytes',
  'sum by (route) (rate(http_server_request_duration_seconds_count[10s]))',
];
