import { ConfigError, type ConfigOrigin, type ConfigProblem } from '@dwcp/core';

import { ConfigReader } from './config-reader.ts';
import { parseRelabelConfigs } from './parse-relabel-configs.ts';
import { type RelabelConfig } from './relabel.ts';

/**
 * Reads a list of relabel steps that stands by itself, such as `write_relabel_configs`.
 * @throws ConfigError with every problem
 */
export function parseRelabelList(
  input: unknown,
  origin: ConfigOrigin,
  key: string,
): readonly RelabelConfig[] {
  const problems: ConfigProblem[] = [];
  const dot = key.lastIndexOf('.');
  const name = key.slice(dot + 1);
  const parent = dot < 0 ? '' : key.slice(0, dot);
  const root = new ConfigReader({ [name]: input }, parent, { origin, problems });
  const configs = parseRelabelConfigs(root, name);
  if (problems.length > 0) throw new ConfigError(problems);
  return configs;
}
