import { Link } from '@tanstack/react-router';
import { BellOff, Clock, Link2, type LucideIcon, UserCheck } from 'lucide-react';
import { type ReactNode } from 'react';

import { formatDateTime } from '../../format/time.ts';
import { type Suppression } from './alert-rows.ts';

const icons: Readonly<Record<Suppression['kind'], LucideIcon>> = {
  silenced: BellOff,
  acknowledged: UserCheck,
  inhibited: Link2,
  muted: Clock,
  held: BellOff,
};

/** What holds an alert back, by whom and until when. */
export function SuppressionNote({
  suppression,
  link = false,
}: {
  readonly suppression: Suppression;
  /** Whether an alert that inhibits can be opened from here. */
  readonly link?: boolean;
}): ReactNode {
  const Icon = icons[suppression.kind];
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5">
      <Icon size={13} aria-hidden className="text-faint shrink-0" />
      <span className="min-w-0 break-words">
        {link && suppression.kind === 'inhibited' ? (
          <>
            inhibited by{' '}
            <Link
              to="/alerts/$alert"
              params={{ alert: suppression.fingerprint }}
              className="text-accent hover:underline"
            >
              {suppression.name}
            </Link>
          </>
        ) : (
          suppressionText(suppression)
        )}
      </span>
    </span>
  );
}

/** The same as a sentence. */
export function suppressionText(suppression: Suppression): string {
  switch (suppression.kind) {
    case 'silenced':
      return `silenced by ${suppression.by}${untilText(suppression.untilMs)}${commentText(suppression.comment)}`;
    case 'acknowledged': {
      const what = suppression.incident === undefined ? '' : ' with its incident';
      return `acknowledged${what} by ${suppression.by}${untilText(suppression.untilMs)}${commentText(suppression.comment)}`;
    }
    case 'inhibited':
      return `inhibited by ${suppression.name}`;
    case 'muted':
      return `muted by the time interval ${suppression.interval}`;
    case 'held':
      return 'held back before the routes: resolved by hand, or the same as another';
  }
}

function untilText(unixMs: number | undefined): string {
  return unixMs === undefined ? '' : ` until ${formatDateTime(unixMs).slice(0, -3)}`;
}

function commentText(comment: string): string {
  return comment === '' ? '' : `: ${comment}`;
}
