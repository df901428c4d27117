import { type ReactNode } from 'react';

import { type DiffLine } from './diff-lines.ts';

const looks = {
  added: { mark: '+', word: 'added: ', className: 'bg-ok-soft' },
  removed: { mark: '−', word: 'removed: ', className: 'bg-bad-soft' },
  same: { mark: ' ', word: '', className: 'text-muted' },
  skip: { mark: ' ', word: '', className: 'text-faint' },
} as const satisfies Record<DiffLine['kind'], unknown>;

/** What changed, line by line: a mark, a colour and, for screen readers, a word tell which is which. */
export function DiffView({
  lines,
  label,
}: {
  readonly lines: readonly DiffLine[];
  readonly label: string;
}): ReactNode {
  return (
    <div
      role="group"
      aria-label={label}
      tabIndex={0}
      className="border-line max-h-[60vh] overflow-auto rounded-md border py-1 font-mono text-[11.5px] leading-5"
    >
      <div className="min-w-max">
        {lines.map(({ kind, before, after, text }, index) => {
          const { mark, word, className } = looks[kind];
          return (
            <div key={index} className={`flex ${className}`}>
              <span
                aria-hidden
                className="text-muted num w-20 shrink-0 pr-2 text-right whitespace-pre select-none"
              >
                {String(before ?? '').padStart(4)} {String(after ?? '').padStart(4)}
              </span>
              <span aria-hidden className="w-4 shrink-0 select-none">
                {mark}
              </span>
              <span className="pr-3 whitespace-pre">
                {word !== '' && <span className="sr-only select-none">{word}</span>}
                {kind === 'skip' ? 'lines that stayed' : text}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
