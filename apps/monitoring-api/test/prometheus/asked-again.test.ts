import { afterAll, beforeAll, expect, test } from 'vitest';

import { Platform } from '../platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform[Symbol.asyncDispose]());

test('an answer that was kept is that of the samples there are, also once another one comes', async () => {
  const endUnixMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
  const sample = (minutesBefore: number, value: number): Promise<void> =>
    platform.importText(`m ${value} ${endUnixMs - minutesBefore * 60_000}\n`);
  for (let minute = 9; minute >= 1; minute--) await sample(minute, minute);
  const ask = async (): Promise<string> => {
    const range = `start=${endUnixMs / 1_000 - 540}&end=${endUnixMs / 1_000}&step=60`;
    const response = await platform.fetch(`/api/v1/query_range?query=m&${range}`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return response.text();
  };
  const first = await ask();
  expect(first).toContain(`[${endUnixMs / 1_000},"1"]`);
  for (let time = 0; time < 4; time++) expect(await ask()).toBe(first);
  await sample(0, 42);
  for (let time = 0; time < 4; time++) {
    expect(await ask()).toBe(
      first.replace(`[${endUnixMs / 1_000},"1"]`, `[${endUnixMs / 1_000},"42"]`),
    );
  }
});
