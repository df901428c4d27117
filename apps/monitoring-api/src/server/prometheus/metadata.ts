import {
  MetadataParametersSchema,
  MetadataResponseSchema,
  TargetMetadataParametersSchema,
  TargetMetadataResponseSchema,
  type TargetMetadataView,
} from '@dwcp/api-schema';
import { compileMatchers } from '@dwcp/core';

import { type ServerContext } from '../context.ts';
import { naming, parametersOf, plainLimitOf, selectorOf } from './parameters.ts';
import { type AddRoute, success } from './route.ts';

/** What metrics mean: all that is known, and as each target tells it. */
export function registerMetadataRoutes(add: AddRoute, { runtime }: ServerContext): void {
  add(
    ['GET'],
    '/api/v1/metadata',
    'What metrics mean',
    { querystring: MetadataParametersSchema, answer: MetadataResponseSchema },
    (request, reply) => {
      const parameters = parametersOf(request);
      const limit = plainLimitOf(parameters, 'limit') ?? -1;
      // One answer per metric is all the store keeps, so this has nothing to cut.
      plainLimitOf(parameters, 'limit_per_metric');
      const wanted = parameters.get('metric') ?? '';
      const all = runtime.metricStore
        .metadata()
        .filter(({ name }) => wanted === '' || name === wanted);
      const some = limit < 0 ? all : all.slice(0, limit);
      return reply.send(
        success(
          Object.fromEntries(
            some.map(({ name, type, help, unit }) => [name, [{ type, help, unit }]]),
          ),
        ),
      );
    },
  );

  add(
    ['GET'],
    '/api/v1/targets/metadata',
    'What metrics mean, as each target tells it',
    { querystring: TargetMetadataParametersSchema, answer: TargetMetadataResponseSchema },
    (request, reply) => {
      const parameters = parametersOf(request);
      const limit = plainLimitOf(parameters, 'limit') ?? -1;
      const selector = parameters.get('match_target') ?? '';
      const matches =
        selector === ''
          ? () => true
          : compileMatchers(naming('match_target', () => selectorOf(selector)));
      const metric = parameters.get('metric') ?? '';
      const found: TargetMetadataView[] = [];
      for (const { labels, metadata } of runtime.scraper?.targetMetadata() ?? []) {
        // As in Prometheus, a target that was begun is told wholly.
        if (limit >= 0 && found.length >= limit) break;
        if (!matches(labels)) continue;
        const target = labels.toObject();
        for (const { name, type, help, unit } of metadata) {
          if (metric !== '' && name !== metric) continue;
          const named = metric === '' ? { metric: name } : {};
          found.push({ target, ...named, type, help, unit });
        }
      }
      return reply.send(success(found));
    },
  );
}
