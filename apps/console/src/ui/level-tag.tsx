import { type ReactNode } from 'react';

import { type LogLevel } from '../api/types.ts';

const looks: Readonly<Record<LogLevel, string>> = {
  trace: 'text-faint',
  debug: 'text-muted',
  info: 'text-accent',
  warn: 'text-warn bg-warn-soft',
  error: 'text-bad bg-bad-soft',
  fatal: 'bg-bad text-panel',
};

/** A level as a word of fixed width; from `warn` up it is filled too. */
export function LevelTag({ level }: { readonly level: LogLevel }): ReactNode {
  return (
    <span
      className={`inline-flex h-4 w-11 shrink-0 items-center justify-center rounded text-[10px] font-semibold ${looks[level]}`}
    >
      {level.toUpperCase()}
    </span>
  );
}
