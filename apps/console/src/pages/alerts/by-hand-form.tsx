import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { type ByHand } from '../../api/alerting.ts';
import { knownPerson, rememberPerson } from '../../app/person.ts';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { refreshAlerting } from './alert-queries.ts';
import { ByHandFields } from './by-hand-fields.tsx';

/** Something that needs no more than who and why: resolve, take an acknowledgement back, expire. */
export function ByHandForm({
  title,
  note,
  action,
  run,
  onClose,
}: {
  readonly title: string;
  readonly note: string;
  readonly action: string;
  readonly run: (request: ByHand) => Promise<unknown>;
  readonly onClose: () => void;
}): ReactNode {
  const client = useQueryClient();
  const [person, setPerson] = useState(knownPerson);
  const [comment, setComment] = useState('');
  const submit = async (): Promise<void> => {
    await run({
      by: person.trim(),
      ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
    });
    rememberPerson(person.trim());
    await refreshAlerting(client);
  };
  return (
    <FormDialog
      title={title}
      note={note}
      action={action}
      ready={person.trim() !== ''}
      onSubmit={submit}
      onClose={onClose}
    >
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
