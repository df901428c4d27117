import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { alertingApi } from '../../api/alerting.ts';
import { knownPerson, rememberPerson } from '../../app/person.ts';
import { Card } from '../../ui/card.tsx';
import { Field } from '../../ui/form-dialog.tsx';
import { EmptyState, ErrorState } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { refreshAlerting } from './alert-queries.ts';
import { outcomeTone } from './why-card.tsx';

/** A test notification to a receiver, by the way that a real one takes. */
export function ReceiverTests({
  names,
  error,
}: {
  readonly names: readonly string[];
  readonly error: unknown;
}): ReactNode {
  const client = useQueryClient();
  const [chosen, setChosen] = useState('');
  const [person, setPerson] = useState(knownPerson);
  const name = chosen === '' ? (names[0] ?? '') : chosen;
  const test = useMutation({
    mutationFn: async (receiver: string) => {
      rememberPerson(person.trim());
      return alertingApi.testReceiver(receiver, { by: person.trim() });
    },
    onSettled: () => refreshAlerting(client),
  });
  return (
    <Card title="Send a test" className="mb-3" bodyClassName="px-3 pb-3">
      {error !== null ? (
        <ErrorState error={error} compact />
      ) : names.length === 0 ? (
        <EmptyState title="No receiver is configured" compact>
          Receivers stand in alerting.alertmanagerConfig, or under alerting.webhooks.
        </EmptyState>
      ) : (
        <form
          className="flex flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (person.trim() !== '' && !test.isPending) test.mutate(name);
          }}
        >
          <Field label="To the receiver">
            <select
              className="control w-48"
              value={name}
              onChange={(event) => setChosen(event.target.value)}
            >
              {names.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </Field>
          <Field label="Your name">
            <input
              className="control w-40"
              value={person}
              autoComplete="name"
              onChange={(event) => setPerson(event.target.value)}
            />
          </Field>
          <button
            type="submit"
            className="control"
            disabled={person.trim() === '' || test.isPending}
          >
            <Send size={13} aria-hidden /> {test.isPending ? 'Sending…' : 'Send a test'}
          </button>
          <div role="status" className="min-w-0 flex-1 basis-72 text-xs">
            {test.data?.integrations.map(({ integration, outcome, error: why }) => (
              <p key={integration} className="[overflow-wrap:anywhere]">
                <StatusMark tone={outcomeTone(outcome)} size={13}>
                  {integration}: {outcome}
                </StatusMark>
                {why !== undefined && why !== null && <span className="text-bad"> {why}</span>}
              </p>
            ))}
            {test.data?.integrations.length === 0 && (
              <p className="text-muted">
                {test.data.receiver} has no integration: it tells nobody.
              </p>
            )}
          </div>
          {test.error !== null && (
            <p role="alert" className="text-bad w-full text-xs">
              {test.error.message}
            </p>
          )}
        </form>
      )}
    </Card>
  );
}
