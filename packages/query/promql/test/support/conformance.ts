import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of acceptance cases that others wrote; it lies beside the repository. */
export const conformanceDir = join(
  import.meta.dirname,
  '../../../../../../shared/conformance/promql',
);

export const hasConformance = existsSync(conformanceDir);

/** Added to a test's name where the cases are not there and it is skipped. */
export const absence = hasConformance ? '' : ' (skipped: no ../shared/conformance/promql)';
