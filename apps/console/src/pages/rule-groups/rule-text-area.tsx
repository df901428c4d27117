import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';

import { type RuleProblem } from '../../api/rule-groups.ts';
import { placeOf } from './rule-text.ts';

/** The text of rules with the numbers of its lines; those with problems are marked. */
export function RuleTextArea({
  ref,
  value,
  onChange,
  onKeyDown,
  problems,
  readOnly,
}: {
  readonly ref: RefObject<HTMLTextAreaElement | null>;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly problems: readonly RuleProblem[];
  readonly readOnly: boolean;
}): ReactNode {
  const id = useId();
  const gutter = useRef<HTMLPreElement>(null);
  const [offset, setOffset] = useState(0);
  const numbers = useMemo(() => lineNumbers(value, problems), [value, problems]);
  const { line, column } = placeOf(value, offset);
  return (
    <div>
      <div className="text-2xs mb-1 flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-muted font-medium">
          Rules, as YAML
        </label>
        <span id={`${id}-hint`} className="text-muted num">
          line {line}, column {column} · Ctrl Enter saves
        </span>
      </div>
      <div className="border-line bg-panel flex rounded-md border font-mono text-[12px] leading-5">
        <div aria-hidden className="bg-raised relative w-14 shrink-0 rounded-l-md">
          <pre
            ref={gutter}
            className="text-muted num absolute inset-0 overflow-hidden py-2 pr-2 text-right select-none"
          >
            {numbers}
          </pre>
        </div>
        <textarea
          id={id}
          ref={ref}
          autoFocus
          wrap="off"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          rows={Math.min(30, Math.max(16, value.split('\n').length + 1))}
          aria-invalid={problems.length > 0}
          aria-describedby={`${id}-hint`}
          className="min-w-0 flex-1 resize-y overflow-auto bg-transparent px-2 py-2 whitespace-pre"
          value={value}
          readOnly={readOnly}
          onChange={(event) => onChange(event.target.value)}
          onSelect={(event) => setOffset(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
    </div>
  );
}

/** One line of text per line: its number, and a mark before it where something is wrong. */
function lineNumbers(value: string, problems: readonly RuleProblem[]): string {
  const wrong = new Set(problems.map(({ line }) => line));
  return value
    .split('\n')
    .map((_, index) => `${wrong.has(index + 1) ? '▸' : ''}${index + 1}`)
    .join('\n');
}
