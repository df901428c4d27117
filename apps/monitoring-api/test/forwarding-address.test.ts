import { expect, test } from 'vitest';

import { checkAddress } from '#src/runtime/forwarding.ts';

test.each([
  '169.254.169.254',
  '169.254.0.1',
  // As URL writes [::ffff:169.254.169.254].
  '::ffff:a9fe:a9fe',
  '::ffff:169.254.169.254',
  'fe80::1',
  'fe80::1%eth0',
  'FEBF::1',
  'fd00:ec2::254',
  'fd00:0ec2:0:0:0:0:0:254',
])('samples are not sent to %s, where a cloud keeps metadata', (address) => {
  expect(checkAddress(address)).toContain('link-local');
});

test.each([
  '127.0.0.1',
  '10.0.0.1',
  '192.168.254.169',
  '169.253.1.1',
  '::1',
  'fd00::1',
  '2001:db8::1',
])('%s may be a receiver', (address) => {
  expect(checkAddress(address)).toBeUndefined();
});
