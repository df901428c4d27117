import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useMemo, useRef, useState } from 'react';

import { metricNamesQuery, metadataQuery } from '../../api/queries.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { type CatalogueEntry, buildCatalogue, filterCatalogue } from './catalogue.ts';

const typeMarks: Readonly<Record<string, string>> = {
  counter: 'C',
  gauge: 'G',
  histogram: 'H',
  gaugehistogram: 'H',
  summary: 'S',
  info: 'I',
  stateset: 'E',
};

/** Every metric there is, with its type and help, to be filtered and chosen. */
export function MetricCatalogue({
  onChoose,
}: {
  readonly onChoose: (entry: CatalogueEntry) => void;
}): ReactNode {
  const names = useQuery(metricNamesQuery);
  const metadata = useQuery(metadataQuery);
  const [text, setText] = useState('');
  const scroller = useRef<HTMLDivElement>(null);
  const entries = useMemo(
    () => buildCatalogue(names.data ?? [], metadata.data ?? {}),
    [names.data, metadata.data],
  );
  const shown = useMemo(() => filterCatalogue(entries, text), [entries, text]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 40,
    overscan: 12,
  });
  return (
    <aside
      aria-label="Metric catalogue"
      className="border-line bg-panel hidden w-72 shrink-0 flex-col rounded-lg border md:flex"
    >
      <div className="border-line border-b p-2">
        <FilterInput value={text} onChange={setText} label="Filter metrics" className="w-full" />
        <p className="text-faint text-2xs mt-1.5 px-0.5">
          {shown.length === entries.length
            ? `${entries.length} metrics`
            : `${shown.length} of ${entries.length} metrics`}
        </p>
      </div>
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
        {names.error !== null && names.data === undefined ? (
          <ErrorState error={names.error} onRetry={() => void names.refetch()} compact />
        ) : names.data === undefined ? (
          <Loading />
        ) : shown.length === 0 ? (
          <EmptyState title="No metric matches" compact />
        ) : (
          <ul style={{ height: virtual.getTotalSize() }} className="relative">
            {virtual.getVirtualItems().map(({ index, start, key }) => {
              const entry = shown[index];
              if (entry === undefined) return null;
              return (
                <li key={key} className="absolute inset-x-0" style={{ top: start, height: 40 }}>
                  <button
                    type="button"
                    title={`${entry.name} (${entry.type})\n${entry.help}`}
                    onClick={() => onChoose(entry)}
                    className="hover:bg-hover flex h-full w-full items-center gap-2 px-2 text-left focus-visible:-outline-offset-2"
                  >
                    <span
                      aria-label={entry.type}
                      className="bg-raised text-muted text-2xs flex size-5 shrink-0 items-center justify-center rounded font-mono"
                    >
                      {typeMarks[entry.type] ?? '·'}
                    </span>
                    <span className="min-w-0 flex-1">
                      <span className="block truncate font-mono text-[11px]">{entry.name}</span>
                      <span className="text-faint text-2xs block truncate">
                        {entry.help || entry.type}
                      </span>
                    </span>
                  </button>
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </aside>
  );
}
