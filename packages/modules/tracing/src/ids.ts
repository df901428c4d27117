import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4_096;

/**
 * A source of random hex that draws bytes many at a time: a draw costs the same for 8 bytes as for
 * thousands.
 */
export function pooledRandomHex(): (sizeBytes: number) => string {
  let pool = '';
  let at = 0;
  return (sizeBytes) => {
    if (at + sizeBytes * 2 > pool.length) {
      pool = randomBytes(POOL_BYTES).toString('hex');
      at = 0;
    }
    return pool.slice(at, (at += sizeBytes * 2));
  };
}
