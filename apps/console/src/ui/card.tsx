import { type ReactNode, type Ref } from 'react';

/** A titled panel. The heading names the region for screen readers. */
export function Card({
  title,
  aside,
  children,
  className = '',
  bodyClassName = '',
  ref,
}: {
  readonly title: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  readonly bodyClassName?: string;
  readonly ref?: Ref<HTMLElement>;
}): ReactNode {
  return (
    <section
      ref={ref}
      className={`border-line bg-panel flex min-w-0 flex-col rounded-lg border ${className}`}
    >
      <header className="flex h-9 shrink-0 items-center justify-between gap-2 px-3">
        <h3 className="max-w-[60%] shrink-0 truncate text-xs font-medium">{title}</h3>
        {aside}
      </header>
      <div className={`min-h-0 flex-1 ${bodyClassName}`}>{children}</div>
    </section>
  );
}

export function SectionTitle({
  children,
  note,
}: {
  readonly children: ReactNode;
  readonly note?: ReactNode;
}): ReactNode {
  return (
    <div className="mt-5 mb-2 flex items-baseline gap-2.5">
      <h2 className="text-muted text-xs font-semibold">{children}</h2>
      {note !== undefined && <span className="text-faint text-2xs truncate">{note}</span>}
    </div>
  );
}
