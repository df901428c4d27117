import { Link } from '@tanstack/react-router';
import { BellOff, UserCheck } from 'lucide-react';
import { type ReactNode } from 'react';

import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import { StatusBadge, StatusMark } from '../../ui/status-mark.tsx';
import { type AlertDialog } from './alert-dialogs.tsx';
import { type AlertRow } from './alert-rows.ts';
import { rowTone, severityTone } from './alerts-model.ts';
import { valueText } from './decision-text.ts';
import { SuppressionNote } from './suppression-note.tsx';

/** Alone with the clock, so that the rest of a row stands still. */
function Ago({ unixMs }: { readonly unixMs: number }): ReactNode {
  return formatAgo(unixMs, useNowMs());
}

/** What its group, the columns or the summary say already. */
const TOLD = new Set(['alertname', 'region', 'severity', 'incident']);

/** The cells of one alert; on a narrow window only what one needs to open it. */
export function AlertCells({
  row,
  onAct,
}: {
  readonly row: AlertRow;
  readonly onAct: (dialog: AlertDialog) => void;
}): ReactNode {
  const name = row.labels['alertname'] ?? '';
  const summary = row.annotations['summary'] ?? row.annotations['description'];
  const labels = Object.entries(row.labels).filter(([label]) => !TOLD.has(label));
  return (
    <>
      <td role="gridcell">
        <StatusBadge tone={rowTone(row)}>{row.state}</StatusBadge>
      </td>
      <td role="gridcell" className="max-w-0">
        <Link
          to="/alerts/$alert"
          params={{ alert: row.address }}
          tabIndex={-1}
          className="hover:text-accent block truncate font-medium hover:underline"
        >
          {summary ?? name}
        </Link>
        {labels.length > 0 && (
          <span className="text-muted text-2xs block truncate font-mono">
            {labels.map(([label, value]) => `${label}=${value}`).join('  ')}
          </span>
        )}
        {row.suppressions.map((suppression, index) => (
          <span key={index} className="text-muted text-2xs block">
            <SuppressionNote suppression={suppression} />
          </span>
        ))}
      </td>
      <td role="gridcell" className="hidden whitespace-nowrap md:table-cell">
        <StatusMark tone={severityTone(row.labels['severity'])} size={13}>
          {row.labels['severity'] ?? 'none'}
        </StatusMark>
      </td>
      <td
        role="gridcell"
        className="num text-muted whitespace-nowrap"
        title={formatDateTime(row.sinceMs)}
      >
        <Ago unixMs={row.sinceMs} />
      </td>
      <td role="gridcell" className="num hidden text-right whitespace-nowrap md:table-cell">
        {row.value === undefined ? '' : valueText(row.value)}
      </td>
      <td
        role="gridcell"
        className="text-muted hidden max-w-0 truncate md:table-cell"
        title={row.receivers.join(', ')}
      >
        {row.receivers.join(', ')}
      </td>
      <td role="gridcell" className="hidden py-0.5! md:table-cell">
        <span className="flex justify-end">
          {row.fingerprint !== undefined && (
            <IconButton
              label={`Acknowledge ${name}`}
              hint="a"
              tabIndex={-1}
              onClick={() => onAct({ kind: 'acknowledge', row })}
            >
              <UserCheck size={14} />
            </IconButton>
          )}
          <IconButton
            label={`Silence ${name}`}
            hint="s"
            tabIndex={-1}
            onClick={() => onAct({ kind: 'silence', row })}
          >
            <BellOff size={14} />
          </IconButton>
        </span>
      </td>
    </>
  );
}
