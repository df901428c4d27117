import { type FastifyInstance, type FastifyRequest } from 'fastify';

import { pathOf, ProblemError } from './problem.ts';
import { presentedToken, type TokenCheck } from './token.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The console's own files. */
    isConsole?: boolean;
    /** Checks a token of its own, as what instances ask each other. */
    hasOwnToken?: boolean;
  }
}

export interface SecurityOptions {
  /** The address the server listens on. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
  /** Without one, anybody who reaches the server may use it. */
  readonly token: TokenCheck | undefined;
}

/** What any process on the machine, and nobody else, can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127\.\d+\.\d+\.\d+$/.test(bare);
}

const PROBES = new Set(['/health', '/ready', '/-/healthy', '/-/ready']);
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * What needs no token: the probes of orchestrators, which have none, and the console's files, which
 * hold no data and ask for the token themselves; and what checks another token.
 */
function isOpen(request: FastifyRequest): boolean {
  const { isConsole, hasOwnToken } = request.routeOptions.config;
  return PROBES.has(pathOf(request)) || isConsole === true || hasOwnToken === true;
}

/**
 * Turns away what a page of another site could make a browser send here: a Host that is not ours
 * (DNS rebinding), a write from another origin; and, where a token is asked for, who has none.
 */
export function registerSecurity(app: FastifyInstance, options: SecurityOptions): void {
  const allowed = new Set(
    ['localhost', '127.0.0.1', '[::1]', options.host, ...options.allowedHosts].map((host) =>
      host.toLowerCase(),
    ),
  );
  const checkHost = isLoopback(options.host);

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    done(refusal(request));
  });

  function refusal(request: FastifyRequest): ProblemError | undefined {
    const host = (request.headers.host ?? '').toLowerCase();
    if (checkHost && !allowed.has(host) && !allowed.has(host.replace(/:\d+$/, ''))) {
      return new ProblemError(
        403,
        'host-not-allowed',
        'Host not allowed',
        `this server answers to localhost and server.allowedHosts, not to ${JSON.stringify(host)}`,
      );
    }
    if (!SAFE_METHODS.has(request.method) && isCrossOrigin(request, host)) {
      return new ProblemError(
        403,
        'origin-not-allowed',
        'Origin not allowed',
        'requests that change something are taken from pages of this server only',
      );
    }
    const { token } = options;
    if (token === undefined || isOpen(request)) return undefined;
    const presented = presentedToken(request.headers.authorization);
    if (presented !== undefined && token.matches(presented)) return undefined;
    return new ProblemError(
      401,
      'unauthorized',
      'Unauthorized',
      presented === undefined
        ? 'send the token as "Authorization: Bearer ...", or as the password of Basic'
        : 'the token is not the right one',
      { headers: { 'www-authenticate': 'Bearer realm="DWCP Monitoring"' } },
    );
  }
}

function isCrossOrigin(request: FastifyRequest, host: string): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return request.headers['sec-fetch-site'] === 'cross-site';
  return !URL.canParse(origin) || new URL(origin).host.toLowerCase() !== host;
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;
