import { type DecisionRecord } from '@dwcp/core';

import { type Candidate } from './candidates.ts';
import { type ExplainPorts } from './explain-alert.ts';
import { type ExplainQuestion, type RuleExplanation } from './explanation.ts';
import { incidentSubject } from './incident-decisions.ts';
import { groupSubject, notificationSubject } from './pipeline-decisions.ts';
import { ruleSubject } from './rule-decisions.ts';

const MAX_RECORDS = 200;
const MAX_SUBJECTS = 100;

/** What was decided around the moment about alerts, their rules, groups and notifications. */
export async function timelineOf(
  about: {
    readonly question: ExplainQuestion;
    readonly alertName: string;
    readonly candidates: readonly Candidate[];
    readonly rules: readonly RuleExplanation[];
  },
  { decisions, incidents }: Pick<ExplainPorts, 'decisions' | 'incidents'>,
): Promise<readonly DecisionRecord[]> {
  const { question, candidates, rules } = about;
  const { atUnixMs, aroundMs = 3_600_000 } = question;
  const range = { startUnixMs: atUnixMs - aroundMs, endUnixMs: atUnixMs + aroundMs + 1 };
  const find = async (subjects: ReadonlySet<string>): Promise<readonly DecisionRecord[]> => {
    if (subjects.size === 0) return [];
    const chosen = [...subjects].slice(0, MAX_SUBJECTS);
    const page = await decisions.search({ ...range, subjects: chosen, limit: MAX_RECORDS });
    return page.records;
  };
  const own = await find(
    new Set([
      ...candidates.flatMap(({ subjects }) => subjects),
      ...rules.map(({ group, file, name }) => ruleSubject({ name: group, file }, name)),
      ...candidates
        .flatMap(({ subjects }) => subjects)
        .flatMap((subject) => incidents?.placeOf(subject)?.incident ?? [])
        .map(({ id }) => incidentSubject(id)),
    ]),
  );
  const groups = await find(
    new Set(
      own.flatMap(({ decision }) =>
        decision.kind === 'routed'
          ? decision.routes.map(({ groupId }) => groupSubject(groupId))
          : decision.kind === 'weighed'
            ? [groupSubject(decision.groupId)]
            : [],
      ),
    ),
  );
  const notifications = await find(
    new Set(
      groups.flatMap(({ decision }) =>
        decision.kind !== 'flushed'
          ? []
          : decision.integrations.flatMap(({ integration, idempotencyKey }) =>
              idempotencyKey === undefined
                ? []
                : [notificationSubject(integration, idempotencyKey)],
            ),
      ),
    ),
  );
  const silences = await find(
    new Set(
      own.flatMap(({ decision }) =>
        decision.kind === 'weighed' ? decision.silencedBy.map((id) => `silence:${id}`) : [],
      ),
    ),
  );
  return [...own, ...groups, ...notifications, ...silences]
    .sort((a, b) => Math.abs(a.unixMs - atUnixMs) - Math.abs(b.unixMs - atUnixMs))
    .slice(0, MAX_RECORDS)
    .sort((a, b) => a.unixMs - b.unixMs);
}
