import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

import { type ConfigProblem } from '@dwcp/core';
import { isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

import { type ConfigSource } from './source.ts';

const MAX_SIZE_BYTES = 4 * 1024 * 1024;

/**
 * Reads a YAML (or JSON, which is YAML) file. Origins carry line numbers. What makes the file
 * unreadable becomes a problem of the source, so that it is told with those of the other sources.
 */
export function readConfigFile(path: string, cwd: string): ConfigSource {
  const absolute = resolve(cwd, path);
  const shown = relative(cwd, absolute).startsWith('..') ? absolute : relative(cwd, absolute);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (error) {
    return unreadable(shown, dirname(absolute), [
      {
        key: '(file)',
        value: shown,
        origin: `file ${shown}`,
        problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'check the path given with --config and its permissions',
      },
    ]);
  }
  return parseConfigText(text, shown, dirname(absolute));
}

/** The same for text that was read already. */
export function parseConfigText(text: string, shown: string, baseDir: string): ConfigSource {
  const lines = new LineCounter();
  const lineOf = (offset: number): string => `${shown}:${lines.linePos(offset).line}`;
  if (text.length > MAX_SIZE_BYTES) {
    return unreadable(shown, baseDir, [
      {
        key: '(file)',
        value: `${text.length} characters`,
        origin: `file ${shown}`,
        problem: `is larger than ${MAX_SIZE_BYTES} characters`,
        fix: 'move rules into files of their own (alerting.ruleFiles)',
      },
    ]);
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return unreadable(
      shown,
      baseDir,
      document.errors.map((error): ConfigProblem => {
        const line = text.split('\n')[lines.linePos(error.pos[0]).line - 1] ?? '';
        return {
          key: '(file)',
          // The line may hold a secret: only its key is shown.
          value: JSON.stringify(line.trim().replace(/:.*$/, ': ...').slice(0, 60)),
          origin: `file ${lineOf(error.pos[0])}`,
          problem: `is not YAML: ${error.message}`,
          fix: 'correct the syntax; indent with spaces and quote text that has : or #',
        };
      }),
    );
  }

  let value: unknown;
  try {
    value = withoutNulls(document.toJS({ maxAliasCount: 100 }) ?? {});
  } catch (error) {
    return unreadable(shown, baseDir, [
      {
        key: '(file)',
        value: shown,
        origin: `file ${shown}`,
        problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'use fewer YAML aliases',
      },
    ]);
  }

  return {
    value,
    baseDir,
    origin(path) {
      let node: unknown = document.contents;
      let offset = 0;
      for (const key of path) {
        if (isMap(node)) {
          const pair = node.items.find(({ key: k }) => String(k) === key);
          if (pair === undefined) break;
          offset = (pair.key as Node | null)?.range?.[0] ?? offset;
          node = pair.value;
        } else if (isSeq(node)) {
          node = node.items[Number(key)];
          offset = (node as Node | undefined)?.range?.[0] ?? offset;
        } else break;
      }
      return `file ${lineOf(offset)}`;
    },
  };
}

/** In YAML a key with nothing behind it is null: the setting is not there. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === null ? [] : [[key, withoutNulls(item)]],
    ),
  );
}

function unreadable(
  shown: string,
  baseDir: string,
  problems: readonly ConfigProblem[],
): ConfigSource {
  return { value: {}, baseDir, problems, origin: () => `file ${shown}` };
}
