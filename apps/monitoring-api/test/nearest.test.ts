import { describe, expect, test } from 'vitest';

import { nearest } from '#src/schema/nearest.ts';

describe('the nearest known word', () => {
  const known = ['port', 'host', 'token', 'tokenFile', 'bodyLimitBytes', 'warn'];
  test.each([
    ['prot', 'port'],
    ['Port', 'port'],
    ['tokn', 'token'],
    ['tokenfile', 'tokenFile'],
    ['bodyLimit', 'bodyLimitBytes'],
    ['warning', 'warn'],
    ['colour', undefined],
    ['x', undefined],
  ])('of %s is %s', (word, found) => {
    expect(nearest(word, known)).toBe(found);
  });
});
