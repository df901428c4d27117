import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Data that others wrote, kept beside the repository. */
const directory = join(
  import.meta.dirname,
  '../../../../../shared/conformance/openmetrics/tests/testdata/parsers',
);

export interface ParserCase {
  readonly name: string;
  readonly body: Buffer;
  readonly shouldParse: boolean;
}

/** The OpenMetrics parser cases; undefined where the data are absent. */
export function openMetricsCases(): readonly ParserCase[] | undefined {
  if (!existsSync(directory)) return undefined;
  return readdirSync(directory).map((name) => {
    const { file, shouldParse } = JSON.parse(
      readFileSync(join(directory, name, 'test.json'), 'utf8'),
    ) as { readonly file: string; readonly shouldParse: boolean };
    return { name, body: readFileSync(join(directory, name, file)), shouldParse };
  });
}
