import { type Attributes } from '@dwcp/core';
import {
  attributeTextOf,
  decodeAttributes,
  encodeAttributes,
  fragmentsOf,
  hasAttribute,
} from '@dwcp/sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const nameArb = fc.oneof(
  fc.string(),
  fc.constantFrom('n', '__proto__', 'constructor', 'a"b\\c', 'größe'),
);
const textArb = fc.oneof(fc.string(), fc.constantFrom('{"n":"NaN"}', 'NaN', '-0', '[1]'));
// Left to chance, the numbers that JSON has no form for hardly come up.
const numberArb = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const valueArb = fc.oneof(
  textArb,
  numberArb,
  fc.boolean(),
  fc.array(textArb),
  fc.array(numberArb),
  fc.array(fc.boolean()),
);
const attributesArb = fc
  .array(fc.tuple(nameArb, valueArb), { maxLength: 6 })
  .map((entries): Attributes => Object.fromEntries(entries));

test('every attribute comes back: odd names, NaN, infinities and -0 included', () => {
  fc.assert(
    fc.property(attributesArb, (attributes) => {
      const decoded = decodeAttributes(encodeAttributes(attributes));
      expect(decoded).toEqual(attributes);
      expect(Object.entries(decoded)).toEqual(Object.entries(attributes));
    }),
  );
});

test('an attribute is found by its text, and the encoded text has one of its fragments', () => {
  fc.assert(
    fc.property(attributesArb, (attributes) => {
      const encoded = encodeAttributes(attributes);
      for (const name of Object.keys(attributes)) {
        const text = attributeTextOf(attributes, name);
        expect(hasAttribute(attributes, name, text)).toBe(true);
        expect(fragmentsOf(name, text).some((fragment) => encoded.includes(fragment))).toBe(true);
      }
    }),
  );
});

test('values are compared as text, arrays as their JSON', () => {
  const attributes = { port: 8080, ok: true, tags: ['a', 'b'], ratio: Number.NaN };
  expect(attributeTextOf(attributes, 'port')).toBe('8080');
  expect(attributeTextOf(attributes, 'ok')).toBe('true');
  expect(attributeTextOf(attributes, 'tags')).toBe('["a","b"]');
  expect(hasAttribute(attributes, 'ratio', 'NaN')).toBe(true);
  expect(hasAttribute(attributes, 'port', '808')).toBe(false);
});

test('an attribute that is absent, or only inherited, has no text and matches none', () => {
  for (const name of ['missing', 'toString', '__proto__']) {
    expect(attributeTextOf({}, name)).toBe('');
    expect(hasAttribute({}, name, '')).toBe(false);
  }
});
