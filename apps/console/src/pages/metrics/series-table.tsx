import { Eye, EyeOff } from 'lucide-react';
import { type ReactNode } from 'react';

import { lastValue } from '../../charts/frame.ts';
import { type ChartSeries } from '../../charts/time-chart.tsx';
import { type Unit, formatValue } from '../../format/units.ts';

/** More rows than this only make the page heavy; the note says how many are left out. */
const maxRows = 500;

/** The legend as a table of figures. A click hides a series, with Shift all others. */
export function SeriesTable({
  series,
  unit,
  hidden,
  cursor,
  maxDrawn,
  onHidden,
}: {
  readonly series: readonly ChartSeries[];
  readonly unit: Unit;
  readonly hidden: ReadonlySet<string>;
  readonly cursor: number | null;
  readonly maxDrawn: number;
  readonly onHidden: (hidden: ReadonlySet<string>) => void;
}): ReactNode {
  const toggle = (key: string, only: boolean): void => {
    if (only) {
      const others = series.filter((one) => one.key !== key).map((one) => one.key);
      onHidden(
        others.every((one) => hidden.has(one)) && !hidden.has(key) ? new Set() : new Set(others),
      );
    } else {
      const next = new Set(hidden);
      if (!next.delete(key)) next.add(key);
      onHidden(next);
    }
  };
  return (
    <section className="border-line bg-panel overflow-x-auto rounded-lg border" aria-label="Series">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Series</th>
            {['Min', 'Mean', 'Max', cursor === null ? 'Last' : 'At pointer'].map((name) => (
              <th key={name} scope="col" className="w-24 text-right!">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.slice(0, maxRows).map(({ key, label, color, values }, index) => {
            const { min, mean, max } = figures(values);
            const at = cursor === null ? lastValue(values) : (values[cursor] ?? null);
            const off = hidden.has(key) || index >= maxDrawn;
            const Icon = off ? EyeOff : Eye;
            return (
              <tr key={key} className={off ? 'text-faint' : ''}>
                <td className="py-0!">
                  <button
                    type="button"
                    aria-pressed={!off}
                    disabled={index >= maxDrawn}
                    title="Click hides or shows it, Shift-click hides or shows all others"
                    onClick={(event) => toggle(key, event.shiftKey)}
                    className="flex w-full items-center gap-2 py-1.5 text-left font-mono text-[11.5px]"
                  >
                    <span
                      aria-hidden
                      className="h-0 w-3 shrink-0 border-t-[3px]"
                      style={{ borderColor: off ? 'var(--line-strong)' : `var(${color})` }}
                    />
                    <Icon size={12} aria-hidden className="text-faint shrink-0" />
                    <span className="[overflow-wrap:anywhere]">{label}</span>
                  </button>
                </td>
                {[min, mean, max, at].map((value, column) => (
                  <td key={column} className="num text-right whitespace-nowrap">
                    {formatValue(value, unit)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {series.length > maxDrawn && (
        <p className="text-muted text-2xs px-3 py-2">
          {series.length} series answered; the first {maxDrawn} are drawn
          {series.length > maxRows ? ` and the first ${maxRows} listed` : ''}. Aggregate them, with
          sum by (…), to see all.
        </p>
      )}
    </section>
  );
}

function figures(values: readonly (number | null)[]): {
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
} {
  let [min, max, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count += 1;
  }
  return count === 0 ? { min: null, mean: null, max: null } : { min, mean: sum / count, max };
}
