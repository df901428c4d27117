import { useQueryClient } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type SilenceMatcher } from '../../api/alerting-types.ts';
import { alertingApi } from '../../api/alerting.ts';
import { serverNowMs } from '../../api/client.ts';
import { knownPerson, rememberPerson } from '../../app/person.ts';
import { formatDateTime } from '../../format/time.ts';
import { parseSpan } from '../../time/range.ts';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { IconButton } from '../../ui/icon-button.tsx';
import { refreshAlerting, useAlertList } from './alert-queries.ts';
import { ByHandFields, DurationField } from './by-hand-fields.tsx';
import {
  MATCHER_OPERATORS,
  type MatcherOperator,
  operatorOf,
  silenceMatches,
  withOperator,
} from './silence-model.ts';

const NO_MATCHER: SilenceMatcher = { name: '', value: '', isRegex: false, isEqual: true };

/** Sets a silence: which alerts, how long, by whom and why. Says how many it holds back now. */
export function SilenceForm({
  matchers: given = [NO_MATCHER],
  onClose,
}: {
  readonly matchers?: readonly SilenceMatcher[];
  readonly onClose: () => void;
}): ReactNode {
  const client = useQueryClient();
  const { rows = [] } = useAlertList();
  const [matchers, setMatchers] = useState(given);
  const [duration, setDuration] = useState('2h');
  const [person, setPerson] = useState(knownPerson);
  const [comment, setComment] = useState('');

  const durationMs = parseSpan(duration);
  const named = matchers.filter(({ name }) => name.trim() !== '');
  const held = rows.filter(
    ({ state, labels }) => state !== 'pending' && silenceMatches(named, labels),
  ).length;
  const change = (index: number, next: SilenceMatcher): void =>
    setMatchers(matchers.map((one, at) => (at === index ? next : one)));
  const submit = async (): Promise<void> => {
    const nowMs = serverNowMs();
    await alertingApi.setSilence({
      matchers: named,
      startsAt: new Date(nowMs).toISOString(),
      endsAt: new Date(nowMs + (durationMs ?? 0)).toISOString(),
      createdBy: person.trim(),
      comment: comment.trim(),
    });
    rememberPerson(person.trim());
    await refreshAlerting(client);
  };
  return (
    <FormDialog
      title="Silence alerts"
      note="Nobody is told of alerts that match all of these while the silence lasts."
      action="Silence"
      ready={
        named.length > 0 &&
        durationMs !== undefined &&
        person.trim() !== '' &&
        comment.trim() !== ''
      }
      onSubmit={submit}
      onClose={onClose}
    >
      <fieldset className="flex flex-col gap-1.5">
        <legend className="text-muted text-2xs mb-1 font-medium">Matchers</legend>
        {matchers.map((matcher, index) => (
          <div key={index} className="flex items-center gap-1.5">
            <input
              aria-label={`Label ${index + 1}`}
              className="control w-40 font-mono"
              value={matcher.name}
              spellCheck={false}
              placeholder="label"
              onChange={(event) => change(index, { ...matcher, name: event.target.value })}
            />
            <select
              aria-label={`Operator ${index + 1}`}
              className="control font-mono"
              value={operatorOf(matcher)}
              onChange={(event) =>
                change(index, withOperator(matcher, event.target.value as MatcherOperator))
              }
            >
              {MATCHER_OPERATORS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
            <input
              aria-label={`Value ${index + 1}`}
              className="control min-w-0 flex-1 font-mono"
              value={matcher.value}
              spellCheck={false}
              placeholder="value"
              onChange={(event) => change(index, { ...matcher, value: event.target.value })}
            />
            <IconButton
              label={`Remove matcher ${index + 1}`}
              disabled={matchers.length === 1}
              onClick={() => setMatchers(matchers.filter((_, at) => at !== index))}
            >
              <X size={14} />
            </IconButton>
          </div>
        ))}
        <div className="flex items-center justify-between gap-3">
          <button
            type="button"
            className="control"
            onClick={() => setMatchers([...matchers, NO_MATCHER])}
          >
            <Plus size={13} aria-hidden /> Matcher
          </button>
          <span role="status" className="text-muted num text-2xs">
            {named.length === 0
              ? 'Name at least one label.'
              : `Matches ${held === 1 ? '1 alert that fires' : `${held} alerts that fire`} now`}
          </span>
        </div>
      </fieldset>
      <DurationField
        label="For"
        value={duration}
        onChange={setDuration}
        wrong={durationMs === undefined}
        hint={
          durationMs === undefined
            ? undefined
            : `until ${formatDateTime(serverNowMs() + durationMs).slice(0, -3)}`
        }
      />
      <ByHandFields
        person={person}
        onPerson={setPerson}
        comment={comment}
        onComment={setComment}
        placeholder="Why, for whoever wonders later"
      />
    </FormDialog>
  );
}
