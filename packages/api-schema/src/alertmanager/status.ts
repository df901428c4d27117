import { Type } from 'typebox';

import { AlertmanagerReceiverSchema, dateTime } from './alerts.ts';
import { receiverMatchers } from './parameters.ts';

export const AlertmanagerStatusSchema = Type.Object({
  cluster: Type.Object({
    name: Type.Optional(Type.String()),
    status: Type.Union([Type.Literal('ready'), Type.Literal('settling'), Type.Literal('disabled')]),
    peers: Type.Array(Type.Object({ name: Type.String(), address: Type.String() })),
  }),
  versionInfo: Type.Object({
    version: Type.String(),
    revision: Type.String(),
    branch: Type.String(),
    buildUser: Type.String(),
    buildDate: Type.String(),
    goVersion: Type.String(),
  }),
  config: Type.Object({ original: Type.String() }),
  uptime: dateTime('Since when it runs.'),
});

export const AlertmanagerReceiversSchema = Type.Array(AlertmanagerReceiverSchema);
export const ReceiversParametersSchema = Type.Object({ receiver_matchers: receiverMatchers });

/** What went wrong, as text in JSON. */
export const AlertmanagerErrorSchema = Type.String({ description: 'What went wrong.' });
