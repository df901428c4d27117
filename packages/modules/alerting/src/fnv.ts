import { type Labels } from '@dwcp/core';

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/** FNV-1a, 64 bits, of UTF-8. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = OFFSET;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash;
}

/**
 * Alertmanager's fingerprint of a label set, 16 hexadecimal digits: FNV-1a over name, 0xff, value,
 * 0xff of each label by name.
 */
export function fingerprintOf(labels: Labels): string {
  const separator = Buffer.of(0xff);
  const parts = labels.flat.flatMap((text) => [Buffer.from(text), separator]);
  return fnv1a64(Buffer.concat(parts)).toString(16).padStart(16, '0');
}
