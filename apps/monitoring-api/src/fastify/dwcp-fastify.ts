import { type FastifyPluginAsync } from 'fastify';

import { type MonitoringAPI } from '../monitoring-api.ts';
import { runtimeOf } from '../runtime/runtime-of.ts';
import { type DwcpFastifyOptions, instrumentFastify } from './plugin.ts';

/**
 * Traces, measures and logs every request of a Fastify application.
 *
 * ```ts
 * await app.register(dwcpFastify(monitoring));
 * ```
 */
export function dwcpFastify(
  monitoring: MonitoringAPI,
  options: DwcpFastifyOptions = {},
): FastifyPluginAsync {
  return instrumentFastify(runtimeOf(monitoring), options);
}
