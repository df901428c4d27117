import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Keyboard } from 'lucide-react';
import { type ReactNode } from 'react';

import { alertsQuery, statusQuery } from '../api/queries.ts';
import { NAV_ITEMS } from './nav-items.ts';

/** The pages. On narrow windows only their icons are shown. */
export function SideNav({ onHelp }: { readonly onHelp: () => void }): ReactNode {
  const { data: alerts } = useQuery(alertsQuery);
  const { data: status } = useQuery(statusQuery);
  const firing = alerts?.alerts.filter((alert) => alert.state === 'firing').length ?? 0;
  return (
    <nav
      aria-label="Pages"
      className="border-line bg-panel flex w-12 shrink-0 flex-col border-r lg:w-48"
    >
      <Link
        to="/"
        className="flex h-12 items-center gap-2.5 px-3 lg:px-4"
        aria-label="DWCP Monitoring, overview"
      >
        <Logo />
        <span className="hidden text-[13px] font-semibold tracking-tight lg:block">
          DWCP Monitoring
        </span>
      </Link>
      <ul className="flex flex-col gap-0.5 px-2 pt-1">
        {NAV_ITEMS.map(({ to, label, icon: Icon, key }) => (
          <li key={to}>
            <Link
              to={to}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              title={`${label} (g ${key})`}
              className="text-muted hover:bg-hover hover:text-text flex h-8 items-center gap-2.5 rounded-md px-2 text-[12.5px]"
              activeProps={{
                className: '!bg-accent-soft !text-accent font-medium',
                'aria-current': 'page',
              }}
            >
              <Icon size={16} aria-hidden className="shrink-0" strokeWidth={1.9} />
              <span className="hidden lg:block">{label}</span>
              {to === '/alerts' && firing > 0 && (
                <span
                  className="bg-bad-soft text-bad text-2xs num ml-auto hidden min-w-5 rounded px-1 text-center font-semibold lg:block"
                  aria-label={`${firing} firing`}
                >
                  {firing}
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
      <div className="border-line text-faint text-2xs mt-auto border-t p-2">
        <button
          type="button"
          onClick={onHelp}
          title="Keyboard shortcuts (?)"
          className="hover:bg-hover hover:text-text flex h-7 w-full items-center gap-2.5 rounded-md px-2"
        >
          <Keyboard size={15} aria-hidden className="shrink-0" />
          <span className="hidden lg:block">Shortcuts</span>
        </button>
        {status !== undefined && (
          <p
            className="hidden truncate px-2 pt-1 pb-0.5 lg:block"
            title={`${status.instance}, version ${status.version}`}
          >
            {status.instance} · {status.version}
          </p>
        )}
      </div>
    </nav>
  );
}

function Logo(): ReactNode {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden className="shrink-0">
      <rect width="32" height="32" rx="8" style={{ fill: 'var(--accent)' }} />
      <path
        d="M5 18h5l3-9 5 15 3-8h6"
        fill="none"
        style={{ stroke: 'var(--on-accent)' }}
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
