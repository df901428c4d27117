import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentLog } from '@dwcp/core';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { FilePositions } from '#src/runtime/file-positions.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dwcp-positions-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a position is found again, and none where none was saved', async () => {
  const positions = new FilePositions({ dir, log: silentLog });
  expect(await positions.load('away')).toBeUndefined();
  await positions.save('away', '5:1234');
  expect(await new FilePositions({ dir, log: silentLog }).load('away')).toBe('5:1234');
});

test('a file in which any byte was changed is taken for damaged, also where it reads well', async () => {
  const positions = new FilePositions({ dir, log: silentLog });
  await positions.save('away', '5:1234');
  const path = join(dir, 'away.position');
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    expect(await positions.load('away')).toBeUndefined();
  }
});
