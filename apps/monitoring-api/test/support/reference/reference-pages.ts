import { join } from 'node:path';

import { configurationPage } from './configuration-page.ts';
import { ExampleServer } from './example-server.ts';
import { httpApiPage } from './http-api-page.ts';
import { ROOT } from './instruments-of-sources.ts';
import { metricsPage } from './metrics-page.ts';

export interface ReferencePage {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** The pages of docs/reference that are made from the code; the same on every machine. */
export async function referencePages(): Promise<readonly ReferencePage[]> {
  await using server = await ExampleServer.start();
  const texts = {
    'configuration.md': configurationPage(),
    'http-api.md': await httpApiPage(server),
    'metrics.md': await metricsPage(),
  };
  return Object.entries(texts).map(([name, text]) => ({
    name,
    path: join(ROOT, 'docs/reference', name),
    text,
  }));
}
