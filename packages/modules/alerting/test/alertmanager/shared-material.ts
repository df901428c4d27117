import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Conformance files that lie beside the repository; they are read in place. */
export const CONFORMANCE = join(
  import.meta.dirname,
  '../../../../../../shared/conformance/alerting',
);

export const hasConformance = existsSync(CONFORMANCE);

/** For a suite's name when the files are absent. */
export const SKIPPED = hasConformance
  ? ''
  : ' (skipped: ../shared/conformance/alerting is not there)';

export function readConformance<T>(name: string): T {
  return JSON.parse(readFileSync(join(CONFORMANCE, name), 'utf8')) as T;
}
