import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { ArrowLeft, Pencil, Power, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type RuleGroupDetail } from '../../api/rule-groups.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { useNowMs } from '../../time/live.ts';
import { Card } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge } from '../../ui/status-mark.tsx';
import { GroupHistory } from './group-history.tsx';
import { GroupRules } from './group-rules.tsx';
import { LastEvaluation } from './groups-table.tsx';
import { ProblemList } from './problem-list.tsx';
import { type RuleGroupDialog, RuleGroupDialogs } from './rule-group-dialogs.tsx';
import { managedGroupQuery, ruleGroupsQuery } from './rule-group-queries.ts';
import { type GroupRow, groupRows, healthTones } from './rule-groups-model.ts';

const route = getRouteApi('/alerts/rule-groups/$group');

/** One group: its rules and how they do, its text, and who changed what. */
export function RuleGroupPage(): ReactNode {
  const { group: name } = route.useParams();
  const { file } = route.useSearch();
  const { data, error, refetch } = useQuery(ruleGroupsQuery);
  const [dialog, setDialog] = useState<RuleGroupDialog>();
  const row =
    data === undefined
      ? undefined
      : groupRows(
          data.summaries.filter((one) => one.name === name),
          data.evaluated,
        ).find(({ summary }) => file === undefined || summary.file === file);
  const isManaged = row?.summary.source === 'managed';
  const { data: detail } = useQuery({ ...managedGroupQuery(name), enabled: isManaged });
  return (
    <Page
      title={name}
      note={row !== undefined && <Facts row={row} />}
      actions={
        <>
          {isManaged && detail !== undefined && <Actions detail={detail} onAct={setDialog} />}
          <Link to="/alerts/rule-groups" className="control">
            <ArrowLeft size={13} aria-hidden /> All rule groups
          </Link>
        </>
      }
    >
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : row === undefined ? (
        <Missing name={name} />
      ) : (
        <div className="flex min-w-0 flex-col gap-3">
          {!isManaged && <ReadOnlyNote file={row.summary.file} />}
          {detail !== undefined && detail.problems.length > 0 && <BrokenNote detail={detail} />}
          <GroupRules
            row={row}
            detail={isManaged ? detail : undefined}
            {...(isManaged ? { onAct: setDialog } : {})}
          />
          {isManaged && detail !== undefined && <Text detail={detail} />}
          {isManaged && <GroupHistory name={name} version={row.summary.version} />}
        </div>
      )}
      <RuleGroupDialogs dialog={dialog} onClose={() => setDialog(undefined)} />
    </Page>
  );
}

function Actions({
  detail,
  onAct,
}: {
  readonly detail: RuleGroupDetail;
  readonly onAct: (dialog: RuleGroupDialog) => void;
}): ReactNode {
  const { name, enabled, broken } = detail;
  return (
    <>
      <Link to="/alerts/rule-groups/$group/edit" params={{ group: name }} className="control">
        <Pencil size={13} aria-hidden /> Edit
      </Link>
      {!broken && (
        <button
          type="button"
          className="control"
          onClick={() => onAct({ kind: 'switch', group: detail, enabled: !enabled })}
        >
          <Power size={13} aria-hidden /> {enabled ? 'Switch off' : 'Switch on'}
        </button>
      )}
      <button
        type="button"
        className="control"
        onClick={() => onAct({ kind: 'delete', group: detail })}
      >
        <Trash2 size={13} aria-hidden /> Delete
      </button>
    </>
  );
}

function Facts({ row }: { readonly row: GroupRow }): ReactNode {
  const nowMs = useNowMs();
  const { summary, health } = row;
  const { source, version, by, changedAt, comment, intervalMs } = summary;
  return (
    <span className="num inline-flex flex-wrap items-center gap-x-3">
      <StatusBadge tone={healthTones[health]}>{health}</StatusBadge>
      <span>{source === 'managed' ? 'made here' : 'from a file'}</span>
      {version !== null && <span>version {version}</span>}
      {changedAt !== null && (
        <span title={formatDateTime(Date.parse(changedAt))}>
          changed {formatAgo(Date.parse(changedAt), nowMs)}
          {by !== null && ` by ${by}`}
          {comment !== '' && `: ${comment}`}
        </span>
      )}
      {intervalMs !== null && <span>every {formatSeconds(intervalMs / 1_000)}</span>}
      <span>
        last evaluation <LastEvaluation unixMs={row.lastEvaluationMs} />
      </span>
    </span>
  );
}

function ReadOnlyNote({ file }: { readonly file: string }): ReactNode {
  return (
    <p role="note" className="border-line bg-panel rounded-lg border px-3 py-2 text-xs">
      Read-only here: it lies in the rule file{' '}
      <code className="font-mono text-[11.5px] [overflow-wrap:anywhere]">{file}</code> of
      alerting.ruleFiles. Change it there, and then reload the configuration.
    </p>
  );
}

function BrokenNote({ detail }: { readonly detail: RuleGroupDetail }): ReactNode {
  return (
    <div role="alert" className="border-line bg-panel rounded-lg border px-3 py-2 text-xs">
      <p className="font-medium">
        Its stored file {detail.file} is damaged.{' '}
        {detail.enabled && detail.ruleList.length > 0 && 'The rules as they were last read go on. '}
        Saving the group again mends it.
      </p>
      <ProblemList problems={detail.problems} />
    </div>
  );
}

function Text({ detail }: { readonly detail: RuleGroupDetail }): ReactNode {
  return (
    <Card title={detail.broken ? 'As it is stored' : 'As it was saved'} bodyClassName="px-3 pb-3">
      <pre
        tabIndex={0}
        role="group"
        aria-label="The rules, as YAML"
        className="max-h-[50vh] overflow-auto font-mono text-[11.5px] leading-5"
      >
        {detail.yaml}
      </pre>
    </Card>
  );
}

/** It may have been deleted: then its history is there still. */
function Missing({ name }: { readonly name: string }): ReactNode {
  return (
    <>
      <EmptyState title="There is no such rule group now">
        <Link to="/alerts/new-rule-group" className="text-accent underline">
          Make one
        </Link>
        . Where one of this name was deleted, its history is below, with what was in it.
      </EmptyState>
      <GroupHistory name={name} version={null} />
    </>
  );
}
