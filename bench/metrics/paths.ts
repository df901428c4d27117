import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '../..');
/** Request files stay here between runs; about 1.3 GB once all were made. */
export const REQUEST_FILES = join(REPOSITORY, '.cache/bench-metrics');
/** The generator the data sets were first written in; it is not part of the repository. */
export const FIRST_GENERATOR = join(REPOSITORY, '../shared/bench/metrics/lib/workload.mjs');
