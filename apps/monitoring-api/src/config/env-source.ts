import { type ConfigProblem } from '@dwcp/core';

import { unknownValue } from '../schema/check-value.ts';
import { nearest } from '../schema/nearest.ts';
import { ConfigSchema } from './schema.ts';
import { type ConfigSource } from './source.ts';

/** Variables the command line reads itself; not settings. */
const RESERVED = new Set(['DWCP_CONFIG', 'DWCP_LOG_FORMAT', 'DWCP_URL', 'DWCP_TOKEN_FILE']);

/** What Kubernetes sets in every pod for a service called dwcp or dwcp-something. */
const SERVICE_LINK =
  /^DWCP(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$/;

interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly unknown[];
}

/** `server.bodyLimitBytes` is set by `DWCP_SERVER_BODY_LIMIT_BYTES`. */
export function envNameOf(path: readonly string[]): string {
  const words = path.map((key) =>
    key.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2'),
  );
  return `DWCP_${words.join('_').toUpperCase()}`;
}

/** The settings that one value can hold: text, numbers, flags and lists of text. */
export function envSettings(): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, readonly string[]>();
  const visit = (node: SchemaNode, path: readonly string[]): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (child.properties !== undefined) visit(child, [...path, key]);
      else if (
        child.type === 'array'
          ? child.items?.type === 'string'
          : child.type === 'object'
            ? false
            : child.type !== undefined || child.anyOf !== undefined
      ) {
        settings.set(envNameOf([...path, key]), [...path, key]);
      }
    }
  };
  visit(ConfigSchema as SchemaNode, []);
  return settings;
}

/** Settings from `DWCP_*`; an empty variable counts as unset. */
export function envSource(
  env: Readonly<Record<string, string | undefined>>,
  baseDir: string,
): ConfigSource {
  const settings = envSettings();
  const value: Record<string, unknown> = {};
  const problems: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('DWCP_') || text === undefined || text === '') continue;
    const path = settings.get(name);
    if (path !== undefined) {
      let group = value;
      for (const key of path.slice(0, -1))
        group = group[key] = (group[key] ?? {}) as Record<string, unknown>;
      group[path.at(-1) ?? ''] = text;
    } else if (!RESERVED.has(name) && !name.startsWith('DWCP_TEST_') && !SERVICE_LINK.test(name)) {
      const near = nearest(name, settings.keys());
      problems.push({
        key: name,
        value: unknownValue(text),
        origin: `env ${name}`,
        problem: 'is not a known setting',
        fix: near === undefined ? 'unset it' : `did you mean ${near}?`,
      });
    }
  }
  return {
    value,
    baseDir,
    coerce: 'commas',
    problems,
    origin: (path) => {
      // The entry of a list is set by the variable of the list.
      for (let length = path.length; length > 0; length--) {
        const name = envNameOf(path.slice(0, length));
        if (settings.has(name)) return `env ${name}`;
      }
      return `env ${envNameOf(path)}`;
    },
  };
}
