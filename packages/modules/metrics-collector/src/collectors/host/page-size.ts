import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The key of the page size in the auxiliary vector, from <elf.h>. */
const AT_PAGESZ = 6n;

/** The size of a memory page, from what the kernel told this process at its start; 4,096 elsewhere. */
export function readPageSizeBytes(procPath: string): number {
  let vector: Buffer;
  try {
    vector = readFileSync(join(procPath, 'self/auxv'));
  } catch {
    return 4_096;
  }
  // Pairs of 64-bit words, key and value, in the machine's order; all of Node's Linux is little.
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4_096;
}
