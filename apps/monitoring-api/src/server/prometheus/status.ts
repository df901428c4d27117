import { availableParallelism, hostname } from 'node:os';
import { getHeapStatistics } from 'node:v8';

import {
  BuildInfoResponseSchema,
  type RuntimeInfo,
  RuntimeInfoResponseSchema,
  StatusConfigResponseSchema,
  StatusFlagsResponseSchema,
  WalReplayResponseSchema,
} from '@dwcp/api-schema';
import { formatDuration } from '@dwcp/core';

import { type Config } from '../../config/config.ts';
import { version } from '../../version.ts';
import { type ServerContext } from '../context.ts';
import { configYaml } from './config-yaml.ts';
import { type AddRoute, success } from './route.ts';

/** What Prometheus tells of itself, told of this server. What it does not have is empty or 0. */
export function registerStatusRoutes(add: AddRoute, { runtime }: ServerContext): void {
  const { config, clock } = runtime;

  add(
    ['GET'],
    '/api/v1/status/config',
    'The configuration in the form of Prometheus, without secrets',
    { answer: StatusConfigResponseSchema },
    async (_request, reply) => {
      const yaml = await configYaml(config, runtime.scraper?.jobs ?? []);
      return reply.send(success({ yaml }));
    },
  );

  add(
    ['GET'],
    '/api/v1/status/flags',
    'Settings under the names of the flags of Prometheus',
    { answer: StatusFlagsResponseSchema },
    (_request, reply) => reply.send(success(flagsOf(config))),
  );

  add(
    ['GET'],
    '/api/v1/status/runtimeinfo',
    'The state of this process',
    { answer: RuntimeInfoResponseSchema },
    (_request, reply) => {
      const { lastSuccessUnixMs, succeeded } = runtime.reload.state;
      const data: RuntimeInfo = {
        startTime: new Date(runtime.startedUnixMs).toISOString(),
        CWD: process.cwd(),
        hostname: hostname(),
        serverTime: new Date(clock.nowUnixMs()).toISOString(),
        reloadConfigSuccess: succeeded,
        lastConfigTime: new Date(lastSuccessUnixMs).toISOString(),
        corruptionCount: runtime.metricStore.stats().corruptionCount ?? 0,
        goroutineCount: 0,
        GOMAXPROCS: availableParallelism(),
        GOMEMLIMIT: getHeapStatistics().heap_size_limit,
        GOGC: '',
        GODEBUG: '',
        storageRetention: retentionOf(config),
      };
      return reply.send(success(data));
    },
  );

  add(
    ['GET'],
    '/api/v1/status/buildinfo',
    'The version of this server',
    { answer: BuildInfoResponseSchema },
    (_request, reply) =>
      reply.send(
        success({ version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
      ),
  );

  add(
    ['GET'],
    '/api/v1/status/walreplay',
    'How far the log was replayed at start: wholly, since nothing is served before that',
    { answer: WalReplayResponseSchema },
    (_request, reply) => reply.send(success({ min: 0, max: 0, current: 0 })),
  );
}

function retentionOf({ retention }: Config): string {
  const time = formatDuration(retention.metricsMs);
  return retention.metricsMaxBytes === undefined
    ? time
    : `${time} or ${retention.metricsMaxBytes}B`;
}

function flagsOf(config: Config): Record<string, string> {
  const { server, query, retention, logging, dataDir } = config;
  return {
    'enable-feature': 'exemplar-storage,native-histograms',
    'log.level': logging.level,
    'query.lookback-delta': '5m',
    'query.max-concurrency': String(query.maxConcurrent),
    'query.max-samples': String(query.maxSamples),
    'query.timeout': formatDuration(query.timeoutMs),
    'storage.tsdb.path': `${dataDir}/metrics`,
    'storage.tsdb.retention.size': `${retention.metricsMaxBytes ?? 0}B`,
    'storage.tsdb.retention.time': formatDuration(retention.metricsMs),
    'web.enable-admin-api': String(server.adminApi),
    'web.enable-lifecycle': 'true',
    'web.enable-remote-write-receiver': 'true',
    'web.external-url': server.externalUrl ?? '',
    'web.listen-address': `${server.host}:${server.port}`,
  };
}
