import { CircleCheck, CircleDashed, CircleHelp, OctagonAlert, TriangleAlert } from 'lucide-react';
import { type ReactNode } from 'react';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'unknown';

const looks: Readonly<
  Record<Tone, { readonly icon: typeof CircleCheck; readonly color: string; readonly soft: string }>
> = {
  ok: { icon: CircleCheck, color: 'text-ok', soft: 'bg-ok-soft text-ok' },
  warn: { icon: TriangleAlert, color: 'text-warn', soft: 'bg-warn-soft text-warn' },
  bad: { icon: OctagonAlert, color: 'text-bad', soft: 'bg-bad-soft text-bad' },
  idle: { icon: CircleDashed, color: 'text-faint', soft: 'bg-raised text-muted' },
  unknown: { icon: CircleHelp, color: 'text-faint', soft: 'bg-raised text-muted' },
};

/** A status by shape, colour and word together; the word may be left to the text beside it. */
export function StatusMark({
  tone,
  children,
  size = 14,
}: {
  readonly tone: Tone;
  readonly children?: ReactNode;
  readonly size?: number;
}): ReactNode {
  const { icon: Icon, color } = looks[tone];
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <Icon size={size} aria-hidden className={`${color} shrink-0`} strokeWidth={2.2} />
      {children}
    </span>
  );
}

/** The same as a small filled label. */
export function StatusBadge({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
}): ReactNode {
  const { icon: Icon, soft } = looks[tone];
  return (
    <span
      className={`text-2xs inline-flex h-5 items-center gap-1 rounded px-1.5 font-medium whitespace-nowrap ${soft}`}
    >
      <Icon size={12} aria-hidden strokeWidth={2.4} />
      {children}
    </span>
  );
}
