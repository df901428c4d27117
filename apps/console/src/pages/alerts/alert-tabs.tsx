import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { ALERT_PAGES } from '../../app/nav-items.ts';

/** The pages about alerts, below their title. */
export function AlertTabs(): ReactNode {
  return (
    <nav aria-label="Alerting" className="border-line mb-3 flex gap-1 overflow-x-auto border-b">
      {ALERT_PAGES.map(({ to, label }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true, includeSearch: false }}
          className="text-muted hover:text-text -mb-px border-b-2 border-transparent px-2.5 py-1.5 text-xs whitespace-nowrap"
          activeProps={{
            className: '!border-accent !text-text font-medium',
            'aria-current': 'page',
          }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
