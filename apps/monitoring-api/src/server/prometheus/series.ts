import {
  LabelNameParametersSchema,
  LabelsParametersSchema,
  SeriesParametersSchema,
  SeriesResponseSchema,
  StringsResponseSchema,
} from '@dwcp/api-schema';
import {
  compareUtf8,
  type LabelMatcher,
  type Labels,
  QueryError,
  type SeriesQuery,
} from '@dwcp/core';
import { type FastifyReply } from 'fastify';

import { type ServerContext } from '../context.ts';
import { MAX_UNIX_MS, MIN_UNIX_MS } from '../time-parameter.ts';
import { inSlot } from './evaluate.ts';
import { jsonPieces } from './json-pieces.ts';
import { limitOf, naming, parametersOf, selectorsOf, timeOf } from './parameters.ts';
import { type AddRoute, GET_AND_POST, limited } from './route.ts';
import { sendPieces } from './send-pieces.ts';

/** Which series there are, and the names and values of their labels. */
export function registerSeriesRoutes(add: AddRoute, context: ServerContext): void {
  const { metricStore, config } = context.runtime;

  /** Asks the store once per selector and puts the answers together, sorted and without repeats. */
  const union = async <Item>(
    reply: FastifyReply,
    { selectors, ...range }: Selection,
    ask: (query: SeriesQuery, signal: AbortSignal) => Promise<readonly Item[]>,
    keyOf: (item: Item) => string,
    compare: (a: Item, b: Item) => number,
  ): Promise<readonly Item[]> =>
    inSlot(context, reply, config.query.timeoutMs, async (signal) => {
      const [only] = selectors;
      // What one selector gives is sorted already.
      if (selectors.length <= 1) return ask({ matchers: only ?? [], ...range }, signal);
      const found = new Map<string, Item>();
      for (const matchers of selectors) {
        for (const item of await ask({ matchers, ...range }, signal)) found.set(keyOf(item), item);
      }
      return [...found.values()].sort(compare);
    });
  const text = (item: string): string => item;

  add(
    GET_AND_POST,
    '/api/v1/series',
    'Find series by label matchers',
    { querystring: SeriesParametersSchema, answer: SeriesResponseSchema },
    async (request, reply) => {
      const parameters = parametersOf(request);
      if (!parameters.has('match[]'))
        throw new QueryError('bad_data', 'no match[] parameter provided');
      const limit = limitOf(parameters);
      const range = rangeOf(parameters);
      const selectors = naming('match[]', () => selectorsOf(parameters));
      const found = await union(
        reply,
        { ...range, selectors },
        (query, signal) => metricStore.series(query, { signal }),
        (labels: Labels) => labels.key,
        (a, b) => a.compare(b),
      );
      return sendPieces(
        reply,
        jsonPieces(limited(found, limit), (labels) => labels.toObject()),
      );
    },
  );

  add(
    GET_AND_POST,
    '/api/v1/labels',
    'Names of labels',
    { querystring: LabelsParametersSchema, answer: StringsResponseSchema },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const limit = limitOf(parameters);
      const selection = { ...rangeOf(parameters), selectors: selectorsOf(parameters) };
      const names = await union(
        reply,
        selection,
        (query, signal) => metricStore.labelNames(query, { signal }),
        text,
        compareUtf8,
      );
      return sendPieces(reply, jsonPieces(limited(names, limit), text));
    },
  );

  add(
    ['GET'],
    '/api/v1/label/:name/values',
    'Values of a label',
    {
      params: LabelNameParametersSchema,
      querystring: LabelsParametersSchema,
      answer: StringsResponseSchema,
    },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const name = labelName((request.params as { readonly name: string }).name);
      const limit = limitOf(parameters);
      const selection = { ...rangeOf(parameters), selectors: selectorsOf(parameters) };
      const values = await union(
        reply,
        selection,
        (query, signal) => metricStore.labelValues(name, query, { signal }),
        text,
        compareUtf8,
      );
      return sendPieces(reply, jsonPieces(limited(values, limit), text));
    },
  );
}

interface Selection {
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly startUnixMs: number;
  readonly endUnixMs: number;
}

function rangeOf(parameters: URLSearchParams): Omit<Selection, 'selectors'> {
  return {
    startUnixMs: timeOf(parameters, 'start', MIN_UNIX_MS),
    endUnixMs: timeOf(parameters, 'end', MAX_UNIX_MS),
  };
}

/** `U__` names stand for names with characters beyond the classic ones. */
function labelName(name: string): string {
  if (!name.startsWith('U__')) return name;
  return name
    .slice(3)
    .replaceAll(/__|_([0-9a-fA-F]{1,6})_/g, (_, hex: string | undefined) =>
      hex === undefined ? '_' : String.fromCodePoint(Number.parseInt(hex, 16)),
    );
}
