import { Type } from 'typebox';

const PeerSchema = Type.Object(
  {
    id: Type.String({ description: 'Of the instance; the same after a restart.' }),
    startId: Type.String({ description: 'Of the process; another after each start.' }),
  },
  { description: 'Who asks or answers.' },
);

const moment = Type.Number({ description: 'Unix time in milliseconds.' });

const SharedStateSchema = Type.Object({
  silences: Type.Array(
    Type.Object({
      id: Type.String(),
      matchers: Type.Array(
        Type.Object({
          name: Type.String(),
          operator: Type.Union([
            Type.Literal('='),
            Type.Literal('!='),
            Type.Literal('=~'),
            Type.Literal('!~'),
          ]),
          value: Type.String(),
        }),
      ),
      startsAtUnixMs: moment,
      endsAtUnixMs: moment,
      updatedAtUnixMs: moment,
      createdBy: Type.String(),
      comment: Type.String(),
      annotations: Type.Record(Type.String(), Type.String()),
    }),
  ),
  log: Type.Array(
    Type.Object({
      integration: Type.String(),
      groupKey: Type.String(),
      firing: Type.Array(Type.String(), { description: 'Fingerprints.' }),
      resolved: Type.Array(Type.String(), { description: 'Fingerprints.' }),
      atUnixMs: moment,
      expiresAtUnixMs: moment,
    }),
    { description: 'Of whom was told what, the last of each integration and group.' },
  ),
});

export const PeerRequestSchema = Type.Object({
  from: PeerSchema,
  kind: Type.Union([Type.Literal('probe'), Type.Literal('push'), Type.Literal('pull')], {
    description: '`probe` asks who is there, `push` tells news, `pull` asks for a part of all.',
  }),
  state: Type.Optional(SharedStateSchema),
  start: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Of a pull: where the part begins.' }),
  ),
});

export const PeerAnswerSchema = Type.Object({
  from: PeerSchema,
  state: Type.Optional(SharedStateSchema),
  next: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Where the next part begins; absent at the end.' }),
  ),
});
