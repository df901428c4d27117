import { type ReactNode } from 'react';

import { type LogRecord } from '../../api/types.ts';

/** A record's first attributes, in its row, quietly. */
export function InlineAttributes({ record }: { readonly record: LogRecord }): ReactNode {
  return (
    <span className="text-faint">
      {Object.entries(record.attributes)
        .slice(0, 6)
        .map(
          ([name, value]) =>
            `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
        )
        .join('')}
    </span>
  );
}
