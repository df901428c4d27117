import { type ReactNode } from 'react';

/** A page's frame: its title row and its body. `fill` gives the body the rest of the height. */
export function Page({
  title,
  note,
  actions,
  children,
  fill = false,
}: {
  readonly title: string;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly fill?: boolean;
}): ReactNode {
  return (
    <div
      className={`mx-auto w-full max-w-[1800px] px-4 pt-3 pb-8 ${fill ? 'flex h-full flex-col pb-4' : ''}`}
    >
      <div className="mb-3 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="flex min-w-0 items-baseline gap-3">
          <h1 className="text-[15px] font-semibold">{title}</h1>
          {note !== undefined && <span className="text-muted truncate text-xs">{note}</span>}
        </div>
        {actions !== undefined && (
          <div className="flex flex-wrap items-center gap-2">{actions}</div>
        )}
      </div>
      {children}
    </div>
  );
}
