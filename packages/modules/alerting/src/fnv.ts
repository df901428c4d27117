import { type Labels } from '@dwcp/core';

/** FNV-1a, 64 bits, in two halves: numbers are many times faster than bigints. */
class Fnv1a64 {
  high = 0xcbf29ce4;
  low = 0x84222325;

  /** The prime is 2^40 + 0x1b3; all products are below 2^53. */
  add(byte: number): void {
    const low = (this.low ^ byte) >>> 0;
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    this.high = (this.high * 0x1b3 + carry + low * 0x100) >>> 0;
    this.low = product >>> 0;
  }
}

/** FNV-1a, 64 bits, of UTF-8. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv1a64(bytes: Uint8Array): bigint {
  const hash = new Fnv1a64();
  for (const byte of bytes) hash.add(byte);
  return (BigInt(hash.high) << 32n) | BigInt(hash.low);
}

/**
 * Alertmanager's fingerprint of a label set, 16 hexadecimal digits: FNV-1a over name, 0xff, value,
 * 0xff of each label by name.
 */
export function fingerprintOf(labels: Labels): string {
  const hash = new Fnv1a64();
  for (const text of labels.flat) {
    if (isAscii(text)) for (let i = 0; i < text.length; i++) hash.add(text.charCodeAt(i));
    else for (const byte of Buffer.from(text)) hash.add(byte);
    hash.add(0xff);
  }
  return hex(hash.high) + hex(hash.low);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
