import { type Static, Type } from 'typebox';

import { prometheusSuccess } from './envelope.ts';

export const BuildInfoResponseSchema = prometheusSuccess(
  Type.Object({
    version: Type.String(),
    revision: Type.String(),
    branch: Type.String(),
    buildUser: Type.String(),
    buildDate: Type.String(),
    goVersion: Type.String(),
  }),
);
export type BuildInfo = Static<typeof BuildInfoResponseSchema>['data'];

export const RuntimeInfoResponseSchema = prometheusSuccess(
  Type.Object({
    startTime: Type.String(),
    CWD: Type.String(),
    hostname: Type.String(),
    serverTime: Type.String(),
    reloadConfigSuccess: Type.Boolean(),
    lastConfigTime: Type.String(),
    corruptionCount: Type.Integer(),
    goroutineCount: Type.Integer(),
    GOMAXPROCS: Type.Integer(),
    GOMEMLIMIT: Type.Integer(),
    GOGC: Type.String(),
    GODEBUG: Type.String(),
    storageRetention: Type.String(),
  }),
);
export type RuntimeInfo = Static<typeof RuntimeInfoResponseSchema>['data'];

export const StatusConfigResponseSchema = prometheusSuccess(Type.Object({ yaml: Type.String() }));
export const StatusFlagsResponseSchema = prometheusSuccess(
  Type.Record(Type.String(), Type.String()),
);

const counts = Type.Array(Type.Object({ name: Type.String(), value: Type.Integer() }));

export const TsdbStatusParametersSchema = Type.Object({
  limit: Type.Optional(Type.String({ description: 'Most entries of each list; by default 10.' })),
});
export const TsdbStatusResponseSchema = prometheusSuccess(
  Type.Object({
    headStats: Type.Object({
      numSeries: Type.Integer(),
      numLabelPairs: Type.Integer(),
      chunkCount: Type.Integer(),
      minTime: Type.Integer(),
      maxTime: Type.Integer(),
    }),
    seriesCountByMetricName: counts,
    labelValueCountByLabelName: counts,
    memoryInBytesByLabelName: counts,
    seriesCountByLabelValuePair: counts,
  }),
);
export type TsdbStatus = Static<typeof TsdbStatusResponseSchema>['data'];

export const WalReplayResponseSchema = prometheusSuccess(
  Type.Object({ min: Type.Integer(), max: Type.Integer(), current: Type.Integer() }),
);

export const SnapshotParametersSchema = Type.Object({
  skip_head: Type.Optional(
    Type.String({
      description: 'Must be a truth value; the newest samples are copied either way.',
    }),
  ),
});
export const SnapshotResponseSchema = prometheusSuccess(Type.Object({ name: Type.String() }));

export const DeleteSeriesParametersSchema = Type.Object({
  'match[]': Type.Array(Type.String(), {
    minItems: 1,
    description: 'A series selector; may repeat.',
  }),
  start: Type.Optional(
    Type.String({
      description: 'RFC 3339 or Unix seconds. Default: as far back as there is data.',
    }),
  ),
  end: Type.Optional(Type.String({ description: 'RFC 3339 or Unix seconds. Default: no bound.' })),
});
