import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { type Acknowledged, alertingApi } from '../../api/alerting.ts';
import { knownPerson, rememberPerson } from '../../app/person.ts';
import { parseSpan } from '../../time/range.ts';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { refreshAlerting } from './alert-queries.ts';
import { ByHandFields, DurationField } from './by-hand-fields.tsx';

/** Says that somebody sees to an alert or an incident: escalation and reminders stop. */
export function AcknowledgeForm({
  what,
  name,
  onClose,
}: {
  readonly what: Acknowledged;
  readonly name: string;
  readonly onClose: () => void;
}): ReactNode {
  const client = useQueryClient();
  const [person, setPerson] = useState(knownPerson);
  const [comment, setComment] = useState('');
  const [timeout, setTimeoutText] = useState('30m');
  const wrong = timeout.trim() !== '' && parseSpan(timeout) === undefined;
  const submit = async (): Promise<void> => {
    await alertingApi.acknowledge(what, {
      by: person.trim(),
      ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
      ...(timeout.trim() === '' ? {} : { timeout: timeout.trim() }),
    });
    rememberPerson(person.trim());
    await refreshAlerting(client);
  };
  return (
    <FormDialog
      title={`Acknowledge ${name}`}
      note={`You see to ${what.kind === 'alert' ? 'it' : 'all of its alerts'}: escalation and reminders stop until the time is over, or the ${what.kind === 'alert' ? 'alert' : 'incident'} is.`}
      action="Acknowledge"
      ready={person.trim() !== '' && !wrong}
      onSubmit={submit}
      onClose={onClose}
    >
      <DurationField
        label="For"
        value={timeout}
        onChange={setTimeoutText}
        wrong={wrong}
        hint={timeout.trim() === '' ? 'until it is over' : 'then it escalates again'}
      />
      <ByHandFields
        person={person}
        onPerson={setPerson}
        comment={comment}
        onComment={setComment}
        placeholder="What you do about it"
      />
    </FormDialog>
  );
}
