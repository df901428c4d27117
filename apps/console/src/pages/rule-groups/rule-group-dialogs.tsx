import { useNavigate } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { type ListedRule, type RuleGroupDetail, ruleGroupsApi } from '../../api/rule-groups.ts';
import { ByHandForm } from '../alerts/by-hand-form.tsx';
import { dropDraft } from './draft.ts';
import { switchedWith } from './rule-groups-model.ts';

/** What somebody is about to do, to the group as it was when they decided. */
export type RuleGroupDialog =
  | { readonly kind: 'delete'; readonly group: RuleGroupDetail }
  | {
      readonly kind: 'switch';
      readonly group: RuleGroupDetail;
      readonly enabled: boolean;
      /** Without: the whole group. */
      readonly rule?: ListedRule;
    };

/** The form for it. Somebody else's change in between refuses it, and is told. */
export function RuleGroupDialogs({
  dialog,
  onClose,
}: {
  readonly dialog: RuleGroupDialog | undefined;
  readonly onClose: () => void;
}): ReactNode {
  const navigate = useNavigate();
  if (dialog === undefined) return null;
  const { name, version, rules } = dialog.group;
  const versioned = version === null ? {} : { version };
  if (dialog.kind === 'delete') {
    return (
      <ByHandForm
        title={`Delete the rule group ${name}?`}
        note={`${rules === 1 ? 'Its rule is' : `Its ${rules} rules are`} no longer evaluated, and its alerts are over: receivers hear of it. Its history stays, with what was in it.`}
        action="Delete"
        run={async (request) => {
          await ruleGroupsApi.delete(name, { ...request, ...versioned });
          dropDraft(sessionStorage, name);
          await navigate({ to: '/alerts/rule-groups' });
        }}
        onClose={onClose}
      />
    );
  }
  const { enabled, rule, group } = dialog;
  const also = rule === undefined ? 1 : switchedWith(rule, group.ruleList);
  const what = rule === undefined ? `the rule group ${name}` : rule.name;
  const one = rule === undefined ? {} : { rule: rule.name, labels: rule.labels };
  return (
    <ByHandForm
      title={`Switch ${what} ${enabled ? 'on' : 'off'}`}
      note={[
        enabled
          ? 'It is evaluated again from now on.'
          : 'It is not evaluated until it is switched on; its alerts are over, and receivers hear of it.',
        ...(also > 1 ? [`The ${also} rules of this name with these labels go together.`] : []),
      ].join(' ')}
      action={enabled ? 'Switch on' : 'Switch off'}
      run={(request) => ruleGroupsApi.switch(name, { ...request, ...one, ...versioned, enabled })}
      onClose={onClose}
    />
  );
}
