import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { nameColor } from '../../charts/colors.ts';
import { nanoToMs } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { AttributeTable } from '../../ui/attributes.tsx';
import { StatusBadge } from '../../ui/status-mark.tsx';
import { type WaterfallRow } from './waterfall.ts';

const statusTones = { ok: 'ok', error: 'bad', unset: 'idle' } as const;

/** Everything one span says of itself. */
export function SpanDetail({ row }: { readonly row: WaterfallRow }): ReactNode {
  const { span } = row;
  const startMs = nanoToMs(span.startUnixNano);
  return (
    <aside
      aria-label={`Span ${span.name}`}
      className="border-line bg-panel h-max min-w-0 rounded-lg border xl:sticky xl:top-3 xl:max-h-[calc(100vh-8rem)] xl:overflow-y-auto"
    >
      <header className="border-line border-b px-4 py-3">
        <h2 className="text-[13px] font-semibold break-words">{span.name}</h2>
        <p className="text-muted mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs">
          <span className="inline-flex items-center gap-1.5">
            <span
              className="size-2.5 rounded-[3px]"
              style={{ background: `var(${nameColor(span.service)})` }}
            />
            {span.service}
          </span>
          {span.region !== '' && <span>{span.region}</span>}
          <span>{span.kind}</span>
          <StatusBadge tone={statusTones[span.status.code]}>{span.status.code}</StatusBadge>
        </p>
        {span.status.message !== undefined && span.status.message !== '' && (
          <p className="text-bad mt-1.5 text-xs break-words">{span.status.message}</p>
        )}
        <dl className="num mt-2 grid grid-cols-3 gap-2 text-xs">
          <Figure name="Duration" value={formatSeconds(row.durationMs / 1_000)} />
          <Figure name="Starts at" value={`+${formatSeconds(row.offsetMs / 1_000)}`} />
          <Figure name="Children" value={String(row.childCount)} />
        </dl>
      </header>
      <Part title="Attributes">
        <AttributeTable attributes={span.attributes} label="Attributes of the span" />
      </Part>
      {span.events.length > 0 && (
        <Part title={`Events (${span.events.length})`}>
          <ul className="flex flex-col gap-2">
            {span.events.map((event, index) => (
              <li key={index}>
                <p className="flex justify-between gap-3 text-xs">
                  <span
                    className={event.name === 'exception' ? 'text-bad font-medium' : 'font-medium'}
                  >
                    {event.name}
                  </span>
                  <span className="text-muted num">
                    +{formatSeconds((nanoToMs(event.unixNano) - startMs) / 1_000)}
                  </span>
                </p>
                {Object.keys(event.attributes).length > 0 && (
                  <AttributeTable
                    attributes={event.attributes}
                    label={`Attributes of event ${event.name}`}
                  />
                )}
              </li>
            ))}
          </ul>
        </Part>
      )}
      {span.links.length > 0 && (
        <Part title={`Links (${span.links.length})`}>
          {span.links.map((link) => (
            <Link
              key={`${link.traceId}${link.spanId}`}
              to="/traces/$traceId"
              params={{ traceId: link.traceId }}
              search={{ span: link.spanId }}
              className="text-accent block font-mono text-[11.5px] hover:underline"
            >
              {link.traceId.slice(0, 16)}…
            </Link>
          ))}
        </Part>
      )}
      <Part title="Resource">
        <AttributeTable attributes={span.resource.attributes} label="Attributes of the resource" />
      </Part>
      <Part title="Identity">
        <AttributeTable
          label="Ids"
          attributes={{
            'span id': span.spanId,
            'parent span id': span.parentSpanId ?? 'none: a root span',
            scope: [span.scope.name, span.scope.version].filter(Boolean).join(' ') || 'none',
          }}
        />
      </Part>
    </aside>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  return (
    <div>
      <dt className="text-faint text-2xs">{name}</dt>
      <dd className="font-medium">{value}</dd>
    </div>
  );
}

function Part({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className="border-line border-b px-4 py-3 last:border-b-0">
      <h3 className="text-faint text-2xs mb-1.5">{title}</h3>
      {children}
    </section>
  );
}
