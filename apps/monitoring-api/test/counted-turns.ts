import { vi } from 'vitest';

/**
 * How many turns of the event loop others have while something is at work whose every look at the clock
 * finds that a stretch is over. Mocks are to be restored afterwards.
 */
export async function countTurns<T>(
  work: () => Promise<T>,
): Promise<{ readonly turns: number; readonly result: T }> {
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 100));
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const result = await work();
  isDone = true;
  return { turns, result };
}
