import { beforeEach, type RunnerTask, type RunnerTestSuite } from 'vitest';

/** Tests of a contract that a real server cannot pass, by their names, and why. */
export type Deviations = Readonly<Record<string, string>>;

/**
 * Turns the tests named around: each must fail, so that a deviation which is none any more shows.
 * Call it inside the outermost suite.
 * @throws Error in each test when a name is none of a test of the suite
 */
export function expectDeviations(deviations: Deviations): void {
  const names = new Set(Object.keys(deviations));
  let unknown: ReadonlySet<string> | undefined;
  beforeEach(({ task }) => {
    unknown ??= names.difference(namesIn(outermost(task.suite)));
    if (unknown.size > 0) throw new Error(`a deviation names no test: ${[...unknown].join('; ')}`);
    // The runner reads it after the test has run.
    if (names.has(task.name)) (task as { fails?: boolean }).fails = true;
  });
}

function outermost(suite: RunnerTestSuite | undefined): readonly RunnerTask[] {
  let found = suite;
  while (found?.suite !== undefined) found = found.suite;
  return found?.tasks ?? [];
}

function namesIn(tasks: readonly RunnerTask[]): ReadonlySet<string> {
  const names = tasks.map((task) =>
    task.type === 'suite' ? [...namesIn(task.tasks)] : [task.name],
  );
  return new Set(names.flat());
}
