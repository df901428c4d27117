import { crc32c } from '@dwcp/segments';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test.each([
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
])('the checksum of %s is that of RFC 3720 and the CRC catalogue', (_, bytes, wanted) => {
  expect(crc32c(bytes)).toBe(wanted);
});

test('bytes in two parts have the checksum of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
      const first = crc32c(bytes.subarray(0, at));
      expect(crc32c(bytes.subarray(at), first)).toBe(crc32c(bytes));
    }),
  );
});
