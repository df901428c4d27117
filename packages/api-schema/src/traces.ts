import { type Static, Type } from 'typebox';

import {
  AttributesSchema,
  CursorParameterSchema,
  NanosecondsSchema,
  NextCursorSchema,
  ResourceSchema,
  TimeParameterSchema,
} from './attributes.ts';

export const TraceSearchParametersSchema = Type.Object(
  {
    start: Type.Optional(TimeParameterSchema),
    end: Type.Optional(TimeParameterSchema),
    service: Type.Optional(
      Type.String({ maxLength: 256, description: 'A service that took part.' }),
    ),
    operation: Type.Optional(Type.String({ maxLength: 1_024, description: 'The name of a span.' })),
    region: Type.Optional(Type.String({ maxLength: 256, description: 'A region that took part.' })),
    minDurationMs: Type.Optional(
      Type.Number({ minimum: 0, description: 'Traces that took this long or longer.' }),
    ),
    maxDurationMs: Type.Optional(
      Type.Number({ minimum: 0, description: 'Traces that took this long or less.' }),
    ),
    error: Type.Optional(
      Type.Boolean({ description: 'Only traces with, or without, a span in error.' }),
    ),
    attribute: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^=]+=', maxLength: 2_048 }), {
        description: '`key=value`; may repeat.',
        maxItems: 16,
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        default: 50,
        description: 'Most traces of a page.',
      }),
    ),
    cursor: Type.Optional(CursorParameterSchema),
  },
  { additionalProperties: false },
);
export type TraceSearchParameters = Static<typeof TraceSearchParametersSchema>;

export const TraceSummarySchema = Type.Object({
  traceId: Type.String(),
  rootName: Type.String(),
  rootService: Type.String(),
  startUnixNano: NanosecondsSchema,
  durationNano: NanosecondsSchema,
  spanCount: Type.Integer(),
  errorCount: Type.Integer(),
  services: Type.Array(Type.String()),
  regions: Type.Array(Type.String()),
});
export type TraceSummaryView = Static<typeof TraceSummarySchema>;

export const TracePageSchema = Type.Object({
  items: Type.Array(TraceSummarySchema),
  nextCursor: NextCursorSchema,
});
export type TracePageView = Static<typeof TracePageSchema>;

export const SpanSchema = Type.Object({
  traceId: Type.String(),
  spanId: Type.String(),
  parentSpanId: Type.Union([Type.String(), Type.Null()]),
  name: Type.String(),
  kind: Type.Union([
    Type.Literal('internal'),
    Type.Literal('server'),
    Type.Literal('client'),
    Type.Literal('producer'),
    Type.Literal('consumer'),
  ]),
  startUnixNano: NanosecondsSchema,
  endUnixNano: NanosecondsSchema,
  attributes: AttributesSchema,
  events: Type.Array(
    Type.Object({ name: Type.String(), unixNano: NanosecondsSchema, attributes: AttributesSchema }),
  ),
  links: Type.Array(
    Type.Object({ traceId: Type.String(), spanId: Type.String(), attributes: AttributesSchema }),
  ),
  status: Type.Object({
    code: Type.Union([Type.Literal('unset'), Type.Literal('ok'), Type.Literal('error')]),
    message: Type.Optional(Type.String()),
  }),
  service: Type.String(),
  region: Type.String(),
  resource: ResourceSchema,
  scope: Type.Object({ name: Type.String(), version: Type.Optional(Type.String()) }),
});
export type SpanView = Static<typeof SpanSchema>;

export const TraceIdParametersSchema = Type.Object({
  traceId: Type.String({ pattern: '^[0-9a-fA-F]{32}$', description: '32 hexadecimal digits.' }),
});
export type TraceIdParameters = Static<typeof TraceIdParametersSchema>;

export const TraceSchema = Type.Object({ traceId: Type.String(), spans: Type.Array(SpanSchema) });
export type TraceView = Static<typeof TraceSchema>;

export const ServiceListSchema = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), operations: Type.Array(Type.String()) })),
  nextCursor: Type.Null(),
});
export type ServiceList = Static<typeof ServiceListSchema>;
