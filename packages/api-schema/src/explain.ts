import { type Static, Type } from 'typebox';

import { lookbackDelta, noCache, query, time, timeout } from './prometheus/parameters.ts';

const node = Type.Object(
  {
    expression: Type.String({ description: 'The part as PromQL.' }),
    kind: Type.String({ examples: ['vector-selector', 'call', 'aggregate'] }),
    durationMs: Type.Number({ description: 'Of its own, that of the parts below left out.' }),
    seriesCount: Type.Integer({ description: 'Series it gave to the part above.' }),
    samplesRead: Type.Integer({ description: 'Read from the store, by the part itself.' }),
    children: Type.Array(Type.Ref('QueryNode')),
  },
  { description: 'What one part of the expression cost.' },
);
/** What one part of an expression cost. */
export const QueryNodeSchema = Type.Cyclic({ QueryNode: node }, 'QueryNode');
export type QueryNodeView = Omit<Static<typeof node>, 'children'> & {
  readonly children: readonly QueryNodeView[];
};

/** What a query cost. */
export const QueryCostSchema = Type.Object({
  durationMs: Type.Number(),
  seriesRead: Type.Integer({
    description: 'Series read from the store, those read twice counted twice.',
  }),
  samplesRead: Type.Integer(),
  peakSamples: Type.Integer({ description: 'The most samples held at a time.' }),
  cachedSteps: Type.Integer({ description: 'Steps kept from earlier queries.' }),
  steps: Type.Integer(),
  onWorker: Type.Boolean({ description: 'Whether it ran on a thread of its own.' }),
  root: Type.Union([QueryNodeSchema, Type.Null()], {
    description: 'null when the whole answer was kept.',
  }),
});
export type QueryCostView = Omit<Static<typeof QueryCostSchema>, 'root'> & {
  readonly root: QueryNodeView | null;
};

export const ExplainParametersSchema = Type.Object({
  query,
  time: time('Of an instant query; default: now.'),
  start: time('With end and step: a range query.'),
  end: time('Inclusive.'),
  step: Type.Optional(Type.String({ description: 'A duration such as 30s, or seconds.' })),
  timeout,
  lookback_delta: lookbackDelta,
  noCache,
});

/** What evaluating an expression costs, part by part. */
export const ExplainSchema = Type.Object({
  query: Type.String(),
  printed: Type.String({ description: 'The expression in its usual form.' }),
  kind: Type.Union([Type.Literal('instant'), Type.Literal('range')]),
  result: Type.Object({
    type: Type.Union([
      Type.Literal('vector'),
      Type.Literal('matrix'),
      Type.Literal('scalar'),
      Type.Literal('string'),
    ]),
    seriesCount: Type.Integer(),
    sampleCount: Type.Integer(),
  }),
  stats: Type.Union([QueryCostSchema, Type.Null()], {
    description: 'null where the engine cannot tell.',
  }),
  warnings: Type.Array(Type.String()),
  infos: Type.Array(Type.String()),
});
export type Explain = Omit<Static<typeof ExplainSchema>, 'stats'> & {
  readonly stats: QueryCostView | null;
};
