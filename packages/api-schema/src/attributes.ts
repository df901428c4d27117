import { type Static, Type } from 'typebox';

/** A value of an OpenTelemetry attribute. */
export const AttributeValueSchema = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Array(Type.String()),
  Type.Array(Type.Number()),
  Type.Array(Type.Boolean()),
]);

/** Attributes by name, as OpenTelemetry's semantic conventions call them. */
export const AttributesSchema = Type.Record(Type.String(), AttributeValueSchema);
export type Attributes = Static<typeof AttributesSchema>;

export const ResourceSchema = Type.Object({ attributes: AttributesSchema });
export type Resource = Static<typeof ResourceSchema>;

/** Unix nanoseconds or a length of time in nanoseconds: beyond 2^53, so a decimal string. */
export const NanosecondsSchema = Type.String({
  pattern: '^-?[0-9]+$',
  examples: ['1767323045000000000'],
});

/** A bound on time: RFC 3339 or Unix seconds, with a fraction if need be. */
export const TimeParameterSchema = Type.String({
  description: 'RFC 3339 or Unix seconds.',
  examples: ['2026-01-02T03:04:05Z', '1767323045.5'],
});

export const CursorParameterSchema = Type.String({
  description: 'The `nextCursor` of an earlier answer.',
  maxLength: 1_024,
});

export const NextCursorSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'Ask again with it as `cursor`; null on the last page.',
});
