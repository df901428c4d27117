import { type ReactNode } from 'react';

import { type Attributes } from '../api/types.ts';

/** Key and value rows of attributes, sorted by key. */
export function AttributeTable({
  attributes,
  label,
}: {
  readonly attributes: Attributes;
  readonly label: string;
}): ReactNode {
  const entries = Object.entries(attributes).toSorted(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return <p className="text-faint text-xs">None.</p>;
  return (
    <dl
      aria-label={label}
      className="grid grid-cols-[minmax(8rem,max-content)_1fr] gap-x-4 text-xs"
    >
      {entries.map(([key, value]) => (
        <div key={key} className="col-span-2 grid grid-cols-subgrid py-[3px]">
          <dt className="text-muted max-w-64 truncate" title={key}>
            {key}
          </dt>
          <dd className="font-mono text-[11.5px] break-all whitespace-pre-wrap">
            {typeof value === 'string' ? value : JSON.stringify(value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
