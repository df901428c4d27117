import { MAX_PEER_BYTES, PEER_PATH, readPeerRequest } from '@dwcp/alerting';
import { PeerAnswerSchema, PeerRequestSchema, ProblemSchema } from '@dwcp/api-schema';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from './context.ts';
import { ProblemError } from './problem.ts';
import { presentedToken, sha256, tokenCheck } from './token.ts';

/** What instances of an alert cluster ask each other. */
export function clusterRoute(app: FastifyInstance, { runtime }: ServerContext): void {
  const token = runtime.config.alerting.cluster?.token;
  const check = token === undefined ? undefined : tokenCheck(sha256(token));
  app.post(
    PEER_PATH,
    {
      bodyLimit: MAX_PEER_BYTES,
      // Without a token of its own it asks for that of the server, where there is one.
      config: { hasOwnToken: check !== undefined },
      schema: {
        tags: ['Alerts'],
        summary: 'Talk among the instances of an alert cluster',
        description:
          'Silences and the log of what was told; for instances only, which present `alerting.cluster.bearerToken`.',
        body: PeerRequestSchema,
        response: { 200: PeerAnswerSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
      // readPeerRequest tells what is wrong.
      validatorCompiler: () => () => true,
      // Before the body is read.
      onRequest: async (request) => {
        if (check === undefined) return;
        const presented = presentedToken(request.headers.authorization);
        if (presented !== undefined && check.matches(presented)) return;
        throw new ProblemError(
          401,
          'unauthorized',
          'Unauthorized',
          'send alerting.cluster.bearerToken as "Authorization: Bearer ..."',
          { headers: { 'www-authenticate': 'Bearer realm="DWCP Monitoring alert cluster"' } },
        );
      },
    },
    async (request) => {
      const { cluster } = runtime.requireAlerting();
      if (cluster !== undefined) return await cluster.receive(readPeerRequest(request.body));
      throw new ProblemError(
        404,
        'no-cluster',
        'No alert cluster',
        'this instance is alone; set alerting.cluster.peers',
      );
    },
  );
}
