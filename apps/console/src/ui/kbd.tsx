import { type ReactNode } from 'react';

export function Kbd({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <kbd className="border-line bg-raised text-muted text-2xs inline-flex h-[18px] min-w-[18px] items-center justify-center rounded border px-1 font-mono">
      {children}
    </kbd>
  );
}
