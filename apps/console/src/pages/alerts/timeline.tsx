import { type ReactNode } from 'react';

import { type DecisionRecord } from '../../api/alerting-types.ts';
import { formatDateTime } from '../../format/time.ts';
import { StatusMark } from '../../ui/status-mark.tsx';
import { decisionText } from './decision-text.ts';

/** Decisions as sentences, in the order they are given. */
export function Timeline({
  records,
  onMoment,
  nameOf,
}: {
  readonly records: readonly DecisionRecord[];
  /** Chooses the moment of a decision. */
  readonly onMoment?: (moment: string) => void;
  /** What a decision is about, where the list is about more than one. */
  readonly nameOf?: (record: DecisionRecord) => ReactNode;
}): ReactNode {
  return (
    <ol className="flex flex-col">
      {records.map((record) => {
        const { tone, text } = decisionText(record);
        const time = formatDateTime(Date.parse(record.at));
        return (
          <li
            key={JSON.stringify([record.subject, record.topic, record.at])}
            className="border-line flex flex-wrap items-baseline gap-x-3 border-b px-3 py-1.5 text-xs last:border-b-0"
          >
            {onMoment === undefined ? (
              <time dateTime={record.at} className="num text-muted shrink-0">
                {time}
              </time>
            ) : (
              <button
                type="button"
                title="Explain this moment"
                className="num text-muted hover:text-accent shrink-0 hover:underline"
                onClick={() => onMoment(record.at)}
              >
                <time dateTime={record.at}>{time}</time>
              </button>
            )}
            {nameOf?.(record)}
            <span className="min-w-0 flex-1 basis-64">
              <span className="inline-flex items-baseline gap-1.5">
                <span className="translate-y-[2px]">
                  <StatusMark tone={tone} size={13} />
                </span>
                <span className="[overflow-wrap:anywhere]">{text}</span>
              </span>
              {record.count > 1 && (
                <span className="text-faint num">
                  {' '}
                  · {record.count} times, last {formatDateTime(Date.parse(record.lastAt)).slice(11)}
                </span>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
