import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ApiError, errorFromAnswer } from '../src/api/errors.ts';
import { dropDraft, keepDraft, readDraft } from '../src/pages/rule-groups/draft.ts';
import { offsetOf, placeOf, problemsOf } from '../src/pages/rule-groups/rule-text.ts';

describe('a place in the text', () => {
  test('is found again from its line and column', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.nat(), (lines, at) => {
        const text = lines.join('\n');
        const offset = at % (text.length + 1);
        expect(offsetOf(text, placeOf(text, offset))).toBe(offset);
      }),
    );
  });

  test('counts from 1', () => {
    expect(placeOf('', 0)).toEqual({ line: 1, column: 1 });
    expect(placeOf('a\nbc', 3)).toEqual({ line: 2, column: 2 });
  });

  test('beyond the end of its line or of the text is that end', () => {
    expect(offsetOf('ab\nc', { line: 1, column: 9 })).toBe(2);
    expect(offsetOf('ab\nc', { line: 2, column: 9 })).toBe(4);
    expect(offsetOf('ab\nc', { line: 7, column: 1 })).toBe(4);
    expect(offsetOf('ab', { line: 0, column: 0 })).toBe(0);
  });
});

describe('a refusal of rules', () => {
  const refusal = {
    type: 'urn:dwcp:problem:rules-invalid',
    title: 'The rules are wrong',
    detail: 'two things',
    errors: [
      {
        pointer: '/yaml',
        detail: 'what; how',
        line: 5,
        column: 15,
        where: 'group "disks"',
        problem: 'what',
        fix: 'how',
      },
      { pointer: '/by', detail: 'is required' },
      null,
    ],
  };
  test('keeps its kind, and each place with what was found and what to do', () => {
    const error = errorFromAnswer(422, refusal);
    expect(error.kind).toBe('rules-invalid');
    expect(problemsOf(error)).toEqual([
      { line: 5, column: 15, where: 'group "disks"', problem: 'what', fix: 'how' },
    ]);
  });

  test('of another kind has no places', () => {
    expect(problemsOf(new ApiError({ status: 409, title: '', detail: '' }))).toEqual([]);
    expect(errorFromAnswer(409, { detail: 'no type' }).kind).toBe('');
    expect(errorFromAnswer(409, { type: 'https://a.example/b/c' }).kind).toBe('c');
  });
});

describe('a draft', () => {
  const storage = (): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> => {
    const kept = new Map<string, string>();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    };
  };
  test('is kept for each group, with the version it began on', () => {
    const drafts = storage();
    keepDraft(drafts, 'disks', { yaml: 'a', version: 3 });
    keepDraft(drafts, undefined, { yaml: 'b', version: undefined });
    expect(readDraft(drafts, 'disks')).toEqual({ yaml: 'a', version: 3 });
    expect(readDraft(drafts, undefined)).toEqual({ yaml: 'b', version: undefined });
    expect(readDraft(drafts, 'new')).toBeUndefined();
    dropDraft(drafts, 'disks');
    expect(readDraft(drafts, 'disks')).toBeUndefined();
  });

  test('that finds no room leaves no older one behind', () => {
    const drafts = storage();
    keepDraft(drafts, 'disks', { yaml: 'old', version: 3 });
    const full = (): never => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    keepDraft({ ...drafts, setItem: full }, 'disks', { yaml: 'new', version: 3 });
    expect(readDraft(drafts, 'disks')).toBeUndefined();
  });
});
