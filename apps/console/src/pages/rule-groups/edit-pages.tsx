import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { type ReactNode } from 'react';

import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { RULES_EXAMPLE } from '../alerts/alerts-model.ts';
import { RuleGroupEditor } from './rule-group-editor.tsx';
import { managedGroupQuery } from './rule-group-queries.ts';

const editRoute = getRouteApi('/alerts/rule-groups/$group/edit');

/** Begins with an example, for it says how rules are written. */
export function NewRuleGroupPage(): ReactNode {
  return (
    <Page
      title="New rule group"
      note="A Prometheus rule file with one group; in effect once it is saved"
      actions={
        <Link to="/alerts/rule-groups" className="control">
          <ArrowLeft size={13} aria-hidden /> All rule groups
        </Link>
      }
    >
      <RuleGroupEditor present={undefined} example={RULES_EXAMPLE} />
    </Page>
  );
}

/** The text of a group that is kept here. */
export function EditRuleGroupPage(): ReactNode {
  const { group: name } = editRoute.useParams();
  // What was read a while ago may be another version's text.
  const { data, error, refetch, isFetchedAfterMount } = useQuery(managedGroupQuery(name));
  return (
    <Page
      title={`Edit ${name}`}
      note="In effect once it is saved; the alerts of rules that stay go on"
      actions={
        <Link to="/alerts/rule-groups/$group" params={{ group: name }} className="control">
          <ArrowLeft size={13} aria-hidden /> {name}
        </Link>
      }
    >
      {data === undefined || !isFetchedAfterMount ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : data.source === 'file' ? (
        <EmptyState title="It is read-only here">
          It lies in the rule file {data.file}; change it there, and then reload the configuration.
        </EmptyState>
      ) : (
        <RuleGroupEditor key={name} present={data} example="" />
      )}
    </Page>
  );
}
