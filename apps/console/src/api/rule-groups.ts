import {
  type ChangedRuleGroupView,
  type RuleGroupCheckView,
  type RuleGroupDetailView,
  type RuleGroupHistoryView,
  type RuleGroupSummaryView,
  type RuleProblemView,
} from '@dwcp/api-schema';

import { type ByHand } from './alerting.ts';
import { getJson, type Params, sendJson } from './client.ts';
import { type Labels } from './types.ts';

export type RuleGroupSummary = RuleGroupSummaryView;
export type RuleGroupDetail = RuleGroupDetailView;
export type ListedRule = RuleGroupDetail['ruleList'][number];
export type RuleProblem = RuleProblemView;
export type RuleGroupCheck = RuleGroupCheckView;
export type RuleGroupChange = RuleGroupHistoryView['items'][number];

/** The version that a change was decided on; without one the group must not be there. */
interface Versioned {
  readonly version?: number;
}

function pathOf(name: string): string {
  return `/api/v1/rule-groups/${encodeURIComponent(name)}`;
}

/** The HTTP API of rule groups: those of files, which can only be read, and those that are kept. */
export const ruleGroupsApi = {
  list: (signal?: AbortSignal): Promise<{ readonly items: readonly RuleGroupSummary[] }> =>
    getJson('/api/v1/rule-groups', {}, signal),
  get: (name: string, signal?: AbortSignal): Promise<RuleGroupDetail> =>
    getJson(pathOf(name), {}, signal),
  history: (name: string, params: Params, signal?: AbortSignal): Promise<RuleGroupHistoryView> =>
    getJson(`${pathOf(name)}/history`, params, signal),
  check: (request: { readonly yaml: string; readonly name?: string }): Promise<RuleGroupCheck> =>
    sendJson('POST', '/api/v1/rule-groups/check', request),
  put: (
    name: string,
    request: ByHand & Versioned & { readonly yaml: string },
  ): Promise<ChangedRuleGroupView> => sendJson('PUT', pathOf(name), request),
  switch: (
    name: string,
    request: ByHand &
      Versioned & { readonly enabled: boolean; readonly rule?: string; readonly labels?: Labels },
  ): Promise<ChangedRuleGroupView> => sendJson('PATCH', pathOf(name), request),
  delete: (name: string, request: ByHand & Versioned): Promise<unknown> =>
    sendJson('DELETE', pathOf(name), request),
};
