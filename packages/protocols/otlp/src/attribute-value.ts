import { type AttributeValue } from '@dwcp/core';

/** How deep values may stand in values. */
export const MAX_DEPTH = 32;

/**
 * What an AnyValue holds as an attribute: an array of mixed kinds or a map becomes its JSON.
 * Integers beyond 2^53 come as decimal strings, bytes as base64.
 */
export function attributeOf(plain: unknown): AttributeValue | undefined {
  if (plain === undefined || plain === null) return undefined;
  if (Array.isArray(plain)) {
    const kinds = new Set(plain.map((item) => typeof item));
    const [kind] = kinds;
    if (kinds.size <= 1 && kind !== 'object') return plain as readonly string[];
    return JSON.stringify(plain);
  }
  return typeof plain === 'object' ? JSON.stringify(plain) : (plain as AttributeValue);
}

/** Text for a message, shortened. */
export function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
