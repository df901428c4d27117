import { type Clock, silentLog, systemClock } from '@dwcp/core';
import { Pushgateway, type PushgatewayOptions } from '@dwcp/metrics-collector';
import { fastify, type FastifyInstance } from 'fastify';

import { FilePushStorage } from '#src/runtime/push-storage.ts';
import { type PushgatewayContext, pushgatewayRoutes } from '#src/server/pushgateway.ts';
import { compilersFactory, serializerCompiler, validatorCompiler } from '#src/server/validation.ts';

export interface GatewayApp extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly gateway: Pushgateway;
}

/** A server of the gateway's routes alone, with its groups in a folder. */
export async function gatewayApp(
  dir: string,
  options: Partial<PushgatewayOptions> & {
    readonly clock?: Clock;
    readonly bodyLimit?: number;
    readonly routes?: Partial<PushgatewayContext>;
  } = {},
): Promise<GatewayApp> {
  const { bodyLimit = 1_048_576, routes = {}, clock = systemClock, ...rest } = options;
  const storage = new FilePushStorage({ dir, log: silentLog });
  const gateway = await Pushgateway.open({ clock, storage, ...rest });
  const app = fastify({ bodyLimit, schemaController: { compilersFactory } });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register((scope) =>
    pushgatewayRoutes(scope, {
      pushgateway: gateway,
      log: silentLog,
      startedUnixMs: clock.nowUnixMs(),
      adminApi: false,
      flags: { 'push.time-to-live': 'none' },
      ...routes,
    }),
  );
  return {
    app,
    gateway,
    async [Symbol.asyncDispose]() {
      await app.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}
