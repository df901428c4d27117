import { ListTree, Play, Trash2 } from 'lucide-react';
import { type ReactNode, Suspense, lazy } from 'react';

import { ApiError, errorPosition } from '../../api/errors.ts';
import { IconButton } from '../../ui/icon-button.tsx';

const PromqlEditor = lazy(async () => ({
  default: (await import('./promql-editor.tsx')).PromqlEditor,
}));

/** One expression with its field, its run, explain and remove buttons, and what the server says against it. */
export function QueryRow({
  index,
  value,
  dirty,
  error,
  onChange,
  explained,
  onRun,
  onExplain,
  onRemove,
  onFocus,
}: {
  readonly index: number;
  readonly value: string;
  /** Edited since it was last run. */
  readonly dirty: boolean;
  readonly error: Error | null;
  readonly onChange: (value: string) => void;
  /** Its cost is on show. */
  readonly explained: boolean;
  readonly onRun: () => void;
  readonly onExplain: () => void;
  readonly onRemove: (() => void) | undefined;
  readonly onFocus: () => void;
}): ReactNode {
  return (
    <div>
      <div
        className={`bg-panel focus-within:border-accent flex items-start rounded-lg border ${error !== null && !dirty ? 'border-bad' : 'border-line'}`}
      >
        <span
          className="text-faint flex h-[33px] w-8 shrink-0 items-center justify-center font-mono text-xs"
          aria-hidden
        >
          {String.fromCodePoint(65 + index)}
        </span>
        <Suspense
          fallback={
            <textarea
              aria-label={`Expression ${index + 1}`}
              rows={1}
              value={value}
              className="min-h-8 flex-1 resize-none bg-transparent px-2 py-1.5 font-mono text-[12.5px] outline-none"
              onChange={(event) => onChange(event.target.value)}
              onFocus={onFocus}
            />
          }
        >
          <PromqlEditor
            value={value}
            label={`Expression ${index + 1}`}
            onChange={onChange}
            onRun={onRun}
            onFocus={onFocus}
          />
        </Suspense>
        <span className="flex h-[33px] items-center gap-0.5 pr-1.5">
          <IconButton
            label="Run"
            hint="Enter"
            onClick={onRun}
            className={dirty && value.trim() !== '' ? 'text-accent!' : ''}
          >
            <Play size={14} />
          </IconButton>
          <IconButton
            label="Explain what it costs"
            aria-pressed={explained}
            disabled={value.trim() === ''}
            onClick={onExplain}
            className={explained ? 'bg-accent-soft text-accent!' : ''}
          >
            <ListTree size={14} />
          </IconButton>
          {onRemove !== undefined && (
            <IconButton label="Remove" onClick={onRemove}>
              <Trash2 size={14} />
            </IconButton>
          )}
        </span>
      </div>
      {error !== null && !dirty && <QueryProblem expr={value} error={error} />}
    </div>
  );
}

/** The server's message, with a caret under the place it names. */
function QueryProblem({
  expr,
  error,
}: {
  readonly expr: string;
  readonly error: Error;
}): ReactNode {
  const position = errorPosition(error.message);
  const line = position === undefined ? undefined : expr.split('\n')[position.line - 1];
  return (
    <div role="alert" className="text-bad mt-1 pl-8 text-xs">
      {error instanceof ApiError && <b className="font-medium">{error.title}: </b>}
      {position === undefined ? error.message : position.reason}
      {position !== undefined && line !== undefined && (
        <pre className="text-text mt-0.5 overflow-x-auto font-mono text-[11.5px] leading-4">
          {line}
          {'\n'}
          <span className="text-bad">
            {' '.repeat(Math.max(0, position.column - 1))}^ line {position.line}, column{' '}
            {position.column}
          </span>
        </pre>
      )}
    </div>
  );
}
