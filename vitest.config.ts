import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      'packages/*/vitest.config.ts',
      'packages/*/*/vitest.config.ts',
      'apps/*/vitest.config.ts',
      'examples/*/vitest.config.ts',
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/**/src/**/*.ts', 'apps/*/src/**/*.ts'],
      reporter: ['text-summary'],
    },
  },
});
