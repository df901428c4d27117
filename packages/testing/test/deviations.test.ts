import { expectDeviations } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

describe('a suite with a deviation', () => {
  expectDeviations({ 'the test that is named must fail': 'to show it' });

  test('the test that is named must fail', () => {
    expect(1).toBe(2);
  });

  test('the others must pass', () => {
    expect(1).toBe(1);
  });
});

describe('a suite with a deviation that names no test', () => {
  expectDeviations({ 'of another name': 'to show it' });

  test.fails('fails in every test', () => {
    expect(1).toBe(1);
  });
});
