import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { type ByHand } from '../../api/alerting.ts';
import { ApiError } from '../../api/errors.ts';
import {
  type RuleGroupCheck,
  type RuleGroupDetail,
  type RuleProblem,
  ruleGroupsApi,
} from '../../api/rule-groups.ts';
import { rememberPerson } from '../../app/person.ts';
import { refreshAlerting } from '../alerts/alert-queries.ts';
import { type Draft, dropDraft, keepDraft, readDraft } from './draft.ts';
import { problemsOf } from './rule-text.ts';

/** Somebody else's version is in the place of the one that was read; undefined: it was deleted. */
export interface Conflict {
  readonly message: string;
  readonly present: RuleGroupDetail | undefined;
}

/** What the server said to the text as it is. */
export type Verdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'problems'; readonly problems: readonly RuleProblem[] }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'checked'; readonly check: RuleGroupCheck };

const NONE: Verdict = { kind: 'none' };

export interface RuleEditor {
  readonly yaml: string;
  /** The version that a save takes the place of; undefined: none. */
  readonly version: number | undefined;
  /** Whether the text is of before, and was not saved then. */
  readonly isRestored: boolean;
  readonly busy: boolean;
  readonly verdict: Verdict;
  readonly conflict: Conflict | undefined;
  readonly write: (yaml: string) => void;
  /** Begins anew with a text, as of another version. */
  readonly take: (draft: Draft) => void;
  readonly check: () => Promise<void>;
  /** @param over another version than the one that was read, after somebody looked at it */
  readonly save: (
    request: ByHand,
    over?: { readonly version: number | undefined },
  ) => Promise<void>;
}

/** The text of a group, kept until it is saved, and what the server says to it. */
export function useRuleEditor(name: string | undefined, begin: Draft): RuleEditor {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [kept] = useState(() => {
    const draft = readDraft(sessionStorage, name);
    return draft?.yaml === begin.yaml ? undefined : draft;
  });
  const [draft, setDraft] = useState(kept ?? begin);
  const [isRestored, setIsRestored] = useState(kept !== undefined);
  const [busy, setBusy] = useState(false);
  const [verdict, setVerdict] = useState(NONE);
  const [conflict, setConflict] = useState<Conflict>();

  const write = (yaml: string): void => {
    const next = { ...draft, yaml };
    setDraft(next);
    keepDraft(sessionStorage, name, next);
    setVerdict(NONE);
  };
  const take = (next: Draft): void => {
    setDraft(next);
    dropDraft(sessionStorage, name);
    setIsRestored(false);
    setConflict(undefined);
    setVerdict(NONE);
  };

  /** Tells what is wrong, or what saving would do. */
  const checked = async (yaml: string): Promise<RuleGroupCheck> => {
    const check = await ruleGroupsApi.check({ yaml, ...(name === undefined ? {} : { name }) });
    setVerdict(
      check.ok ? { kind: 'checked', check } : { kind: 'problems', problems: check.problems },
    );
    return check;
  };
  const whileBusy = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setVerdict(NONE);
    try {
      await work();
    } catch (error) {
      const problems = error instanceof ApiError ? problemsOf(error) : [];
      setVerdict(
        problems.length > 0
          ? { kind: 'problems', problems }
          : { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) },
      );
    } finally {
      setBusy(false);
    }
  };

  const put = async (group: string, request: ByHand, { yaml, version }: Draft): Promise<void> => {
    try {
      await ruleGroupsApi.put(group, {
        ...request,
        yaml,
        ...(version === undefined ? {} : { version }),
      });
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== 'rule-group-conflict') throw error;
      const present = await presentGroup(group);
      setConflict({ message: error.message, present });
      // The difference to what is there now; the text was found good before the version was looked at.
      await checked(yaml);
      return;
    }
    rememberPerson(request.by);
    dropDraft(sessionStorage, name);
    setConflict(undefined);
    await navigate({ to: '/alerts/rule-groups/$group', params: { group } });
    await refreshAlerting(client);
  };

  return {
    ...draft,
    isRestored,
    busy,
    verdict,
    conflict,
    write,
    take,
    check: () =>
      whileBusy(async () => {
        await checked(draft.yaml);
      }),
    save: (request, over) =>
      whileBusy(async () => {
        // The name of a new group is what its text says.
        const group = name ?? (await checked(draft.yaml)).name;
        if (group !== null) await put(group, request, { ...draft, ...over });
      }),
  };
}

async function presentGroup(name: string): Promise<RuleGroupDetail | undefined> {
  try {
    return await ruleGroupsApi.get(name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
