import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The tests of prometheus/compliance for remote write, by name, kept beside the repository. */
const path = join(
  import.meta.dirname,
  '../../../../../../shared/conformance/remote-write/remote-write-behaviours.json',
);

interface Behaviour {
  readonly side: 'receiver' | 'sender';
  readonly test: string;
  readonly subtests: readonly { readonly name: string }[];
}

/** As `receiver/TestExemplars/basic_exemplar`; undefined where the data are absent. */
export function behaviourNames(): readonly string[] | undefined {
  if (!existsSync(path)) return undefined;
  const behaviours = JSON.parse(readFileSync(path, 'utf8')) as readonly Behaviour[];
  return behaviours.flatMap(({ side, test, subtests }) =>
    subtests.length === 0
      ? [`${side}/${test}`]
      : subtests.map(({ name }) => `${side}/${test}/${name}`),
  );
}
