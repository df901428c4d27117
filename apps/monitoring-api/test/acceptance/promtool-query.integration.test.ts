import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findProgram, wants } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

const promtool = findProgram('promtool');
const run = promisify(execFile);
const startSeconds = Math.floor(Date.now() / 1_000) - 300;

describe.skipIf(promtool === undefined)(
  `promtool query works against us (${wants('promtool')})`,
  () => {
    let server: DwcpServer;
    beforeAll(async () => {
      server = await DwcpServer.start('region: eu-test-1\n');
      const lines: string[] = [];
      for (let i = 0; i <= 120; i += 10) {
        lines.push(`tool_total{code="200"} ${i} ${(startSeconds + i) * 1_000}`);
        lines.push(`tool_total{code="500"} ${i / 4} ${(startSeconds + i) * 1_000}`);
      }
      const response = await fetch(`${server.url}/api/v1/import/prometheus`, {
        method: 'POST',
        body: `${lines.join('\n')}\n`,
      });
      if (!response.ok) throw new Error(await response.text());
    });
    afterAll(() => server[Symbol.asyncDispose]());

    const query = async (...args: readonly string[]): Promise<string> =>
      (await run(promtool ?? '', ['query', ...args])).stdout.trim();

    test('instant', async () => {
      const said = await query('instant', `--time=${startSeconds + 60}`, server.url, 'tool_total');
      expect(said.split('\n').sort()).toEqual([
        `tool_total{code="200", region="eu-test-1"} => 60 @[${startSeconds + 60}]`,
        `tool_total{code="500", region="eu-test-1"} => 15 @[${startSeconds + 60}]`,
      ]);
    });

    test('instant of a scalar', async () => {
      expect(await query('instant', `--time=${startSeconds}`, server.url, '1e-7 * 2')).toBe(
        `scalar: 0.0000002 @[${startSeconds}]`,
      );
    });

    test('range', async () => {
      const said = await query(
        'range',
        `--start=${startSeconds}`,
        `--end=${startSeconds + 20}`,
        '--step=10s',
        server.url,
        'sum by (code) (tool_total{code="200"})',
      );
      expect(said).toBe(
        `{code="200"} =>\n0 @[${startSeconds}]\n10 @[${startSeconds + 10}]\n20 @[${startSeconds + 20}]`,
      );
    });

    test('series', async () => {
      const said = await query('series', '--match=tool_total{code="500"}', server.url);
      expect(said).toBe('{__name__="tool_total", code="500", region="eu-test-1"}');
    });

    test('labels', async () => {
      expect(await query('labels', server.url, 'code')).toBe('200\n500');
    });

    test('a wrong expression is told in our words, which are those of Prometheus', async () => {
      await expect(query('instant', server.url, 'sum(')).rejects.toMatchObject({
        stderr: expect.stringContaining('parse error: unclosed left parenthesis'),
      });
    });
  },
);
