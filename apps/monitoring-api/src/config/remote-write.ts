import { ConfigError, type ConfigProblem, parseDuration } from '@dwcp/core';
import { parseRelabelList, type RelabelConfig } from '@dwcp/metrics-collector';
import { type RemoteWriteAuthorization } from '@dwcp/metrics-forwarder';

import { type RemoteWriteConfig } from './config.ts';
import { type ParseContext } from './parse-config.ts';

export interface ParseHelp {
  readonly pathOf: (path: readonly string[], value: string) => string;
  readonly problems: ConfigProblem[];
}

/** The destinations of remote write, and what their settings mean together. */
export function parseRemoteWrite(
  context: ParseContext,
  help: ParseHelp,
): readonly RemoteWriteConfig[] {
  const names = new Set<string>();
  return context.settings.remoteWrite.map((entry, index) => {
    const path = ['remoteWrite', String(index)];
    const name = entry.name ?? '';
    if (entry.name === undefined)
      context.report([...path, 'name'], 'is required', 'give it a name');
    else if (names.has(name)) {
      context.report([...path, 'name'], 'is used by another destination', 'give it its own');
    }
    names.add(name);
    checkUrl(entry.url, [...path, 'url'], context, 'https://host/api/v1/write');
    const { caFile } = entry;
    return {
      name,
      url: entry.url ?? '',
      version: entry.version ?? '2.0',
      authorization: authorizationOf(entry, path, context, help),
      caFile: caFile === undefined ? undefined : help.pathOf([...path, 'caFile'], caFile),
      timeoutMs: parseDuration(entry.timeout ?? '30s') ?? 30_000,
      relabel: relabelOf(entry.writeRelabelConfigs, path, context, help),
      sendExemplars: entry.sendExemplars ?? true,
      maxShards: entry.maxShards ?? 16,
    };
  });
}

/** There is one, and it holds no secret: it is shown in logs. */
export function checkUrl(
  url: string | undefined,
  path: readonly string[],
  { report }: Pick<ParseContext, 'report'>,
  example: string,
): void {
  if (url === undefined) report(path, 'is required', `set it, as in ${example}`);
  else if (URL.parse(url)?.username !== '') {
    report(path, 'holds a user or a password', 'use username and passwordFile', '***');
  }
}

/** How requests to another server identify themselves. */
export function authorizationOf(
  entry: {
    readonly tokenFile?: string;
    readonly username?: string;
    readonly passwordFile?: string;
  },
  path: readonly string[],
  { report }: Pick<ParseContext, 'report'>,
  { pathOf }: Pick<ParseHelp, 'pathOf'>,
): RemoteWriteAuthorization | undefined {
  const { tokenFile, username, passwordFile } = entry;
  if (tokenFile !== undefined) {
    if (username !== undefined) {
      report([...path, 'username'], 'is given together with tokenFile', 'keep one of them');
    }
    return { kind: 'bearer', tokenFile: pathOf([...path, 'tokenFile'], tokenFile) };
  }
  if (username === undefined) {
    if (passwordFile !== undefined) {
      report([...path, 'passwordFile'], 'is of no user', 'set username as well');
    }
    return undefined;
  }
  if (passwordFile === undefined) {
    report([...path, 'passwordFile'], 'is required with username', 'name the file');
    return undefined;
  }
  return {
    kind: 'basic',
    username,
    passwordFile: pathOf([...path, 'passwordFile'], passwordFile),
  };
}

/** Relabel steps are checked where they are understood; here their problems get their lines. */
function relabelOf(
  input: unknown,
  path: readonly string[],
  { originOf }: ParseContext,
  { problems }: ParseHelp,
): readonly RelabelConfig[] {
  if (input === undefined) return [];
  const key = [...path, 'writeRelabelConfigs'].join('.');
  try {
    return parseRelabelList(input, originOf([...path, 'writeRelabelConfigs']), key);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map((p) => ({ ...p, origin: originOf(p.key.split('.')) })));
    return [];
  }
}
