// Prometheus and our server, each started with a rule file.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { removeAtExit } from '../metrics/cleanup.ts';
import { startDwcp } from '../metrics/dwcp.ts';
import { startPrometheus } from '../metrics/peers.ts';
import { type BenchServer } from '../metrics/server.ts';
import { type Options } from './options.ts';
import { benchRules, ruleFileText } from './rules.ts';

/** @returns the path of a file with so many rules, which is removed at the end */
export function ruleFile(count: number, intervalMs: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'dwcp-bench-rules-'));
  removeAtExit(folder);
  const path = join(folder, 'bench.yml');
  writeFileSync(path, ruleFileText(benchRules(count), intervalMs));
  return path;
}

export function startWithRules(
  name: 'prometheus' | 'dwcp',
  rules: string,
  { form, keep }: Options,
): Promise<BenchServer> {
  return name === 'prometheus'
    ? startPrometheus(keep, { ruleFiles: [rules] })
    : startDwcp({ form, keep, alerting: { ruleFiles: [rules] } });
}
