import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { alertingApi } from '../../api/alerting.ts';
import { serverNowMs } from '../../api/client.ts';
import { knownPerson, rememberPerson } from '../../app/person.ts';
import { parseSpan } from '../../time/range.ts';
import { Field, FormDialog } from '../../ui/form-dialog.tsx';
import { SEVERITIES } from './alert-filter.ts';
import { refreshAlerting } from './alert-queries.ts';
import { DurationField } from './by-hand-fields.tsx';
import { readLabels } from './read-labels.ts';

/** Raises an alert by hand; it takes the way of every other alert. */
export function TriggerForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [severity, setSeverity] = useState<string>('warning');
  const [summary, setSummary] = useState('');
  const [labelText, setLabelText] = useState('');
  const [duration, setDuration] = useState('2h');
  const [person, setPerson] = useState(knownPerson);
  const more = readLabels(labelText);
  const durationMs = parseSpan(duration);
  const submit = async (): Promise<void> => {
    await alertingApi.trigger({
      labels: { ...more, alertname: name.trim(), severity },
      annotations: summary.trim() === '' ? {} : { summary: summary.trim() },
      by: person.trim(),
      endsAt: new Date(serverNowMs() + (durationMs ?? 0)).toISOString(),
    });
    rememberPerson(person.trim());
    await refreshAlerting(client);
  };
  return (
    <FormDialog
      title="Raise an alert"
      note="It goes to the receivers as the alerts of rules do, and can be resolved at any time."
      action="Raise"
      ready={
        name.trim() !== '' && person.trim() !== '' && more !== undefined && durationMs !== undefined
      }
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="grid gap-3 sm:grid-cols-[1fr_9rem]">
        <Field label="Alert name">
          <input
            className="control w-full"
            value={name}
            spellCheck={false}
            placeholder="DataCentreOnFire"
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field label="Severity">
          <select
            className="control w-full"
            value={severity}
            onChange={(event) => setSeverity(event.target.value)}
          >
            {SEVERITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </Field>
      </div>
      <Field label="Summary">
        <input
          className="control w-full"
          value={summary}
          placeholder="What is wrong, in one sentence"
          onChange={(event) => setSummary(event.target.value)}
        />
      </Field>
      <Field
        label="Labels"
        hint={
          more === undefined
            ? 'Write them as region=eu service=checkout.'
            : 'As region=eu service=checkout; they decide who is told.'
        }
      >
        <input
          className="control w-full font-mono"
          value={labelText}
          spellCheck={false}
          aria-invalid={more === undefined}
          onChange={(event) => setLabelText(event.target.value)}
        />
      </Field>
      <div className="grid gap-3 sm:grid-cols-[12rem_1fr]">
        <Field label="Your name" hint="Remembered on this computer.">
          <input
            className="control w-full"
            value={person}
            autoComplete="name"
            onChange={(event) => setPerson(event.target.value)}
          />
        </Field>
        <DurationField
          label="For"
          value={duration}
          onChange={setDuration}
          wrong={durationMs === undefined}
        />
      </div>
    </FormDialog>
  );
}
