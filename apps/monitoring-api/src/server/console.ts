import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import fastifyStatic from '@fastify/static';
import { type FastifyInstance, type FastifyReply } from 'fastify';

import { pathOf, ProblemError } from './problem.ts';

/** In a published package the console is in `dist/console`; in the workspace it is a neighbour. */
const CANDIDATES = ['../console/', '../../../console/dist/'];

/** The folder of the built console, undefined when it was not built. */
export function findConsole(): string | undefined {
  return CANDIDATES.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((dir) =>
    existsSync(join(dir, 'index.html')),
  );
}

/** Serves the console. Its pages are made in the browser, so every page path answers with index.html. */
export async function consoleRoutes(
  app: FastifyInstance,
  options: { readonly dir: string | undefined },
): Promise<void> {
  const { dir } = options;
  if (dir !== undefined) {
    const policy = contentSecurityPolicy(readFileSync(join(dir, 'index.html'), 'utf8'));
    await app.register(fastifyStatic, {
      root: dir,
      serve: false,
      // Headers are set below: what they are depends on the path.
      cacheControl: false,
    });
    app.get(
      '/*',
      { config: { monitoring: false, isConsole: true }, schema: { hide: true } },
      (request, reply) => {
        const path = pathOf(request);
        const wantsPage = (request.headers.accept ?? '').includes('text/html');
        if (path !== '/' && existsInside(dir, path)) {
          // Names of built assets hold a hash of their content.
          const immutable = path.startsWith('/assets/');
          void reply.header(
            'cache-control',
            immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
          );
          return reply.header('content-security-policy', policy).sendFile(path.slice(1));
        }
        if (isApiPath(path) || (path !== '/' && (!wantsPage || /\.\w+$/.test(path))))
          throw notFound(path);
        return reply
          .header('content-security-policy', policy)
          .header('cache-control', 'no-cache')
          .sendFile('index.html');
      },
    );
    return;
  }
  app.get(
    '/',
    { config: { monitoring: false, isConsole: true }, schema: { hide: true } },
    (_request, reply) => sendMissingPage(reply),
  );
}

export function notFound(path: string): ProblemError {
  return new ProblemError(
    404,
    'route-not-found',
    'Not found',
    `nothing is at ${path}; /openapi.json lists what there is`,
  );
}

/** What is at the path answers other methods only. */
export function methodNotAllowed(
  path: string,
  method: string,
  allowed: readonly string[],
): ProblemError {
  return new ProblemError(
    405,
    'method-not-allowed',
    'Method not allowed',
    `${path} takes ${allowed.join(', ')}, not ${method}`,
    { headers: { allow: allowed.join(', ') } },
  );
}

function isApiPath(path: string): boolean {
  return /^\/(api|v1|metrics|health|ready|openapi\.json)(\/|$)/.test(path);
}

function existsInside(dir: string, path: string): boolean {
  // The static plug-in refuses paths that lead out; here it only matters whether there is a file.
  if (path.includes('..') || path.includes('\0') || path.endsWith('/')) return false;
  try {
    return existsSync(join(dir, decodeURIComponent(path)));
  } catch {
    return false;
  }
}

/**
 * Only what this server sends may run or load. Inline scripts of the built page are allowed by their
 * hash; styles are open, because charts and the editor set them from code.
 */
export function contentSecurityPolicy(html: string): string {
  const hashes = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'self'",
    `script-src ${["'self'", ...hashes].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function sendMissingPage(reply: FastifyReply): FastifyReply {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'")
    .send(
      '<!doctype html><title>DWCP Monitoring</title><h1>The console is not built</h1>' +
        '<p>Run <code>npm run build</code> and reload. The API works: see <a href="/openapi.json">/openapi.json</a>.</p>',
    );
}
