import { type Static, Type } from 'typebox';

/** One field at fault. `pointer` is a JSON pointer into the body, or `?name` for a query parameter. */
export const ProblemDetailSchema = Type.Object({
  pointer: Type.String(),
  detail: Type.String(),
  line: Type.Optional(Type.Integer({ description: 'In a text of the body, from 1.' })),
  column: Type.Optional(Type.Integer()),
  where: Type.Optional(Type.String({ description: 'Which group and rule of the text.' })),
  problem: Type.Optional(Type.String({ description: 'What was found there.' })),
  fix: Type.Optional(Type.String()),
});
export type ProblemDetail = Static<typeof ProblemDetailSchema>;

/**
 * What our own endpoints answer when something is wrong, as `application/problem+json`.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'Identifies the kind of problem; stable.' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    instance: Type.String({ description: 'The path that was asked for.' }),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(ProblemDetailSchema)),
  },
  { description: 'RFC 9457 problem details.' },
);
export type Problem = Static<typeof ProblemSchema>;

/** The media type of a `Problem`. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
