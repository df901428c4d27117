import { CloudOff, Inbox, RotateCw } from 'lucide-react';
import { type ReactNode } from 'react';

import { ApiError } from '../api/errors.ts';

/** What would be here, and the lines that fill it. */
export function EmptyState({
  title,
  children,
  config,
  compact = false,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  /** Configuration or a command, shown to be copied. */
  readonly config?: string;
  readonly compact?: boolean;
}): ReactNode {
  return (
    <div
      className={`mx-auto flex max-w-xl flex-col items-center text-center ${compact ? 'px-4 py-4' : 'px-6 py-12'}`}
    >
      {!compact && <Inbox size={22} aria-hidden className="text-faint mb-2" />}
      <p className="text-xs font-medium">{title}</p>
      {children !== undefined && (
        <div className="text-muted mt-1 text-xs text-balance">{children}</div>
      )}
      {config !== undefined && (
        <pre className="border-line bg-raised text-2xs mt-3 max-w-full overflow-x-auto rounded-md border px-3 py-2 text-left font-mono leading-5">
          {config}
        </pre>
      )}
    </div>
  );
}

/** A failed call: what failed, why, and a way to try again. */
export function ErrorState({
  error,
  onRetry,
  compact = false,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
  readonly compact?: boolean;
}): ReactNode {
  const title = error instanceof ApiError ? error.title : 'Something went wrong here';
  const detail = error instanceof Error ? error.message : String(error);
  const requestId = error instanceof ApiError ? error.requestId : undefined;
  return (
    <div
      role="alert"
      className={`mx-auto flex max-w-xl flex-col items-center text-center ${compact ? 'px-4 py-3' : 'px-6 py-12'}`}
    >
      {!compact && <CloudOff size={22} aria-hidden className="text-bad mb-2" />}
      <p className="text-bad text-xs font-medium">{title}</p>
      <p className="text-muted mt-1 text-xs break-words whitespace-pre-line">{detail}</p>
      {requestId !== undefined && (
        <p className="text-faint text-2xs mt-1 font-mono">request {requestId}</p>
      )}
      {onRetry !== undefined && (
        <button type="button" className="control mt-3" onClick={onRetry}>
          <RotateCw size={13} aria-hidden /> Try again
        </button>
      )}
    </div>
  );
}

/** A calm placeholder while the first answer is on its way. */
export function Loading({ height = 96 }: { readonly height?: number }): ReactNode {
  return (
    <div
      role="status"
      aria-label="Loading"
      className="flex items-center justify-center"
      style={{ height }}
    >
      <span className="bg-line h-1 w-24 animate-pulse rounded-full" />
    </div>
  );
}
