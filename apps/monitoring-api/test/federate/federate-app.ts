import { type Clock, type MetricStore, type SeriesScanner, silentLog } from '@dwcp/core';
import { fastify, type FastifyInstance } from 'fastify';

import { type Runtime } from '#src/runtime/runtime.ts';
import { federateRoute } from '#src/server/federate.ts';
import { QuerySlots } from '#src/server/query-slots.ts';
import { compilersFactory, serializerCompiler, validatorCompiler } from '#src/server/validation.ts';

/** A server of the route alone, over a store of the test's choice. */
export async function federateApp(options: {
  readonly store: MetricStore;
  readonly clock: Clock;
  readonly slots?: number;
}): Promise<FastifyInstance> {
  const { store, clock, slots = 4 } = options;
  const app = fastify({ schemaController: { compilersFactory } });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const metricStore = {
    metadata: () => store.metadata(),
    scan: async (...[query, visit, call]: Parameters<SeriesScanner['scan']>) => {
      for (const series of await store.select(query, call)) await visit(series);
    },
  };
  // All of a runtime that the route asks for.
  const runtime: Pick<Runtime, 'clock' | 'log'> & {
    readonly metricStore: Pick<MetricStore, 'metadata'> & SeriesScanner;
    readonly config: { readonly query: { readonly timeoutMs: number } };
  } = { clock, log: silentLog, metricStore, config: { query: { timeoutMs: 10_000 } } };
  await app.register((scope) =>
    federateRoute(scope, {
      runtime: runtime as unknown as Runtime,
      querySlots: new QuerySlots(slots),
      closing: new AbortController().signal,
    }),
  );
  return app;
}
