import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../../../../../docs/guides/alert-conditions.md');

function blocksOf(start: RegExp): readonly (readonly [string, string])[] {
  const text = readFileSync(page, 'utf8');
  return text.split('\n## ').flatMap((section) => {
    const [title = ''] = section.split('\n');
    return [...section.matchAll(/```yaml\n([\s\S]*?)```/g)]
      .map(([, block = '']) => [title, block] as const)
      .filter(([, block]) => start.test(block));
  });
}

/** The rule files of the guide, each with the heading above it. */
export function guideFiles(): readonly (readonly [string, string])[] {
  return blocksOf(/^groups:/);
}

/** Its unit tests; they name the file `conditions.yml`, which is all of its rules. */
export function guideTests(): readonly (readonly [string, string])[] {
  return blocksOf(/^rule_files:/);
}
