import { type Static, Type } from 'typebox';

import {
  AttributesSchema,
  CursorParameterSchema,
  NanosecondsSchema,
  NextCursorSchema,
  ResourceSchema,
  TimeParameterSchema,
} from './attributes.ts';

export const LogLevelSchema = Type.Union([
  Type.Literal('trace'),
  Type.Literal('debug'),
  Type.Literal('info'),
  Type.Literal('warn'),
  Type.Literal('error'),
  Type.Literal('fatal'),
]);
export type LogLevelName = Static<typeof LogLevelSchema>;

/** A log record as the API shows it. */
export const LogRecordSchema = Type.Object({
  timeUnixNano: NanosecondsSchema,
  severityNumber: Type.Integer({ minimum: 0, maximum: 24 }),
  severityText: Type.String(),
  level: LogLevelSchema,
  body: Type.String(),
  attributes: AttributesSchema,
  traceId: Type.Union([Type.String(), Type.Null()]),
  spanId: Type.Union([Type.String(), Type.Null()]),
  service: Type.String(),
  region: Type.String(),
  resource: ResourceSchema,
  scope: Type.Object({ name: Type.String() }),
});
export type LogRecordView = Static<typeof LogRecordSchema>;

const filters = {
  text: Type.Optional(
    Type.String({
      maxLength: 1_000,
      description: 'Words that must all occur in the body, in any case.',
    }),
  ),
  level: Type.Optional(
    Type.Array(LogLevelSchema, { description: 'Exactly these levels; may repeat.', maxItems: 6 }),
  ),
  minLevel: Type.Optional(
    Type.Union(LogLevelSchema.anyOf, { description: 'This level and those above it.' }),
  ),
  service: Type.Optional(
    Type.String({ maxLength: 256, description: 'The service that wrote it.' }),
  ),
  region: Type.Optional(Type.String({ maxLength: 256, description: 'The region it is from.' })),
};

export const LogSearchParametersSchema = Type.Object(
  {
    start: Type.Optional(TimeParameterSchema),
    end: Type.Optional(TimeParameterSchema),
    ...filters,
    traceId: Type.Optional(
      Type.String({ pattern: '^[0-9a-fA-F]{32}$', description: 'Records of this trace.' }),
    ),
    spanId: Type.Optional(
      Type.String({ pattern: '^[0-9a-fA-F]{16}$', description: 'Records of this span.' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        default: 100,
        description: 'Most records of a page.',
      }),
    ),
    cursor: Type.Optional(CursorParameterSchema),
    order: Type.Optional(
      Type.Union([Type.Literal('newest-first'), Type.Literal('oldest-first')], {
        default: 'newest-first',
        description: 'By time.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type LogSearchParameters = Static<typeof LogSearchParametersSchema>;

/** What a live tail lets through. */
export const LogTailParametersSchema = Type.Object(filters, { additionalProperties: false });
export type LogTailParameters = Static<typeof LogTailParametersSchema>;

export const LogPageSchema = Type.Object({
  items: Type.Array(LogRecordSchema),
  nextCursor: NextCursorSchema,
});
export type LogPageView = Static<typeof LogPageSchema>;

/** Data of the tail's event `dropped`: the reader was too slow for this many records. */
export const LogTailDroppedSchema = Type.Object({ count: Type.Integer({ minimum: 1 }) });
export type LogTailDropped = Static<typeof LogTailDroppedSchema>;
