import { CircleCheck, OctagonAlert, ShieldAlert, TriangleAlert } from 'lucide-react';
import { type ReactNode } from 'react';

import { type Level } from '../api/alerting-types.ts';

const looks: Readonly<
  Record<Level, { readonly icon: typeof CircleCheck; readonly className: string }>
> = {
  GREEN: { icon: CircleCheck, className: 'bg-level-green text-on-level-green' },
  YELLOW: { icon: TriangleAlert, className: 'bg-level-yellow text-on-level-yellow' },
  ORANGE: { icon: ShieldAlert, className: 'bg-level-orange text-on-level-orange' },
  RED: { icon: OctagonAlert, className: 'bg-level-red text-on-level-red' },
};

/** The overall level by word, shape and colour. */
export function LevelMark({ level }: { readonly level: Level }): ReactNode {
  const { icon: Icon, className } = looks[level];
  return (
    <span
      className={`inline-flex h-7 shrink-0 items-center gap-1.5 rounded-md px-2.5 text-[13px] font-semibold tracking-wide ${className}`}
    >
      <Icon size={15} aria-hidden strokeWidth={2.3} />
      {level}
    </span>
  );
}
