import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * The Vitest configuration every package shares: a `unit` project for `*.test.ts` and an
 * `integration` project for `*.integration.test.ts`, which talk to real servers.
 * Siblings are read from source through the `@dwcp/source` condition, so nothing needs building.
 *
 * @param options.sharesModules load modules once for all files of unit tests: where there are many
 *   files, to load them anew for each takes as long as the tests. No test may change a module's state.
 */
export function vitestPackage({ sharesModules = false } = {}): ViteUserConfig {
  return defineConfig({
    ssr: { resolve: { conditions: ['@dwcp/source'] } },
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'unit',
            include: ['test/**/*.test.ts'],
            exclude: ['test/**/*.integration.test.ts'],
            isolate: !sharesModules,
            // A limit for what hangs, far from what a busy machine needs.
            testTimeout: 30_000,
          },
        },
        {
          extends: true,
          test: {
            name: 'integration',
            include: ['test/**/*.integration.test.ts'],
            testTimeout: 120_000,
            hookTimeout: 60_000,
            fileParallelism: false,
          },
        },
      ],
    },
  });
}
