import { type ReactNode } from 'react';

import { type Acknowledged, alertingApi } from '../../api/alerting.ts';
import { AcknowledgeForm } from './acknowledge-form.tsx';
import { type AlertRow, nameOfAlert } from './alert-rows.ts';
import { ByHandForm } from './by-hand-form.tsx';
import { SilenceForm } from './silence-form.tsx';
import { matchersFor } from './silence-model.ts';
import { TriggerForm } from './trigger-form.tsx';

/** What somebody is about to do. */
export type AlertDialog =
  | { readonly kind: 'silence' | 'acknowledge' | 'resolve'; readonly row: AlertRow }
  | { readonly kind: 'unacknowledge'; readonly what: Acknowledged; readonly name: string }
  | { readonly kind: 'trigger' };

/** The form for it; the pages about alerts share them. */
export function AlertDialogs({
  dialog,
  onClose,
}: {
  readonly dialog: AlertDialog | undefined;
  readonly onClose: () => void;
}): ReactNode {
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'silence':
      return <SilenceForm matchers={matchersFor(dialog.row.labels)} onClose={onClose} />;
    case 'acknowledge':
      return (
        <AcknowledgeForm
          what={{ kind: 'alert', fingerprint: dialog.row.fingerprint ?? '' }}
          name={nameOfAlert(dialog.row.labels)}
          onClose={onClose}
        />
      );
    case 'resolve':
      return (
        <ByHandForm
          title={`Resolve ${nameOfAlert(dialog.row.labels)}`}
          note="Its receivers are told that it is over. It comes back when its condition ended and holds anew."
          action="Resolve"
          run={(request) => alertingApi.resolve(dialog.row.fingerprint ?? '', request)}
          onClose={onClose}
        />
      );
    case 'unacknowledge':
      return (
        <ByHandForm
          title={`Take back the acknowledgement of ${dialog.name}`}
          note="Nobody sees to it: escalation and reminders go on."
          action="Take it back"
          run={(request) => alertingApi.unacknowledge(dialog.what, request)}
          onClose={onClose}
        />
      );
    case 'trigger':
      return <TriggerForm onClose={onClose} />;
  }
}
