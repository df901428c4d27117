import { type ButtonHTMLAttributes, type ReactNode } from 'react';

/** A button that shows only an icon: 28 px square, named for screen readers and on hover. */
export function IconButton({
  label,
  hint,
  children,
  className = '',
  ...rest
}: {
  readonly label: string;
  /** The key that does the same. */
  readonly hint?: string;
  readonly children: ReactNode;
} & ButtonHTMLAttributes<HTMLButtonElement>): ReactNode {
  return (
    <button
      type="button"
      aria-label={label}
      title={hint === undefined ? label : `${label} (${hint})`}
      className={`text-muted hover:bg-hover hover:text-text inline-flex size-7 shrink-0 items-center justify-center rounded-md disabled:opacity-40 ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}
