import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Characters that make a pattern in Go's `filepath.Match`, which Prometheus uses. */
const PATTERN = /[*?[\\]/;

/**
 * Whether a path may be given for discovery: a file ending in .json, .yml or .yaml, with a pattern in
 * its last segment at most.
 * @returns what is wrong, or undefined
 */
export function fileGlobProblem(path: string): string | undefined {
  if (!/\.(json|yml|yaml|JSON|YML|YAML)$/.test(path)) return 'must end in .json, .yml or .yaml';
  if (PATTERN.test(dirname(path))) return 'has a pattern before its last segment';
  return compile(basename(path)) === undefined ? 'has a [ that is not closed' : undefined;
}

/**
 * The files a path stands for, sorted: itself when it exists, or what its pattern matches. A folder
 * that is not there holds no files.
 * @throws the error of the file system when it cannot be looked into for another reason
 */
export async function expandFileGlob(path: string): Promise<readonly string[]> {
  try {
    const name = basename(path);
    if (!PATTERN.test(name)) {
      await lstat(path);
      return [path];
    }
    const pattern = compile(name);
    if (pattern === undefined) return [];
    const folder = dirname(path);
    const names = await readdir(folder);
    return names
      .filter((each) => pattern.test(each))
      .toSorted()
      .map((each) => join(folder, each));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/**
 * `*` any characters, `?` one, `[a-z]` and `[^a-z]` one of a set, `\` the next one as it is. Names of
 * files are short, so a backtracking expression is safe.
 */
function compile(pattern: string): RegExp | undefined {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', i + 2);
      if (end < 0) return undefined;
      const negated = pattern[i + 1] === '^';
      const set = pattern.slice(i + (negated ? 2 : 1), end).replaceAll(/[\\\]^]/g, String.raw`\$&`);
      source += `[${negated ? '^' : ''}${set}]`;
      i = end;
    } else {
      if (char === '\\') i++;
      source += (pattern[i] ?? '').replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
    }
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return undefined;
  }
}
