import {
  MemoryPositionStore,
  RemoteWriteForwarder,
  type RemoteWriteOptions,
} from '@dwcp/metrics-forwarder';
import { expect, test } from 'vitest';

import { ArrayFeed } from './support/array-feed.ts';

function problemOf(changes: Partial<RemoteWriteOptions>): string {
  try {
    const ports = { feed: new ArrayFeed(), positions: new MemoryPositionStore() };
    return new RemoteWriteForwarder(
      { name: 'd', url: 'https://host/write', ...changes },
      ports,
    ).status().url;
  } catch (error) {
    return error instanceof Error ? error.message : 'what is that';
  }
}

test('what is wrong with an option is told with the field, the value and the fix', () => {
  const at = 'remote write "d": ';
  expect(problemOf({ name: ' ' })).toContain('name: is empty; give the destination a name');
  expect(problemOf({ url: 'host/write' })).toBe(
    `${at}url: is no address; write https://host/api/v1/write`,
  );
  expect(problemOf({ url: 'file:///etc/passwd' })).toBe(
    `${at}url: has the scheme file://; use http or https`,
  );
  expect(problemOf({ url: 'https://me:secret@host/' })).toBe(
    `${at}url: holds a user or password; move them to authorization`,
  );
  expect(problemOf({ maxSamplesPerSend: 0 })).toBe(
    `${at}maxSamplesPerSend: is 0; write a whole number from 1 to 1000000`,
  );
  expect(problemOf({ minShards: 9, maxShards: 3 })).toBe(
    `${at}minShards: is 9, above maxShards 3; lower it`,
  );
  expect(problemOf({ minBackoffMs: 900, maxBackoffMs: 30 })).toBe(
    `${at}minBackoffMs: is 900, above maxBackoffMs 30; lower it`,
  );
  expect(problemOf({ headers: { 'a b': 'x' } })).toBe(
    `${at}headers "a b": is no name of a header; write letters and hyphens`,
  );
  expect(problemOf({ headers: { 'X-Key': 'secret\r\nX: y' } })).toBe(
    `${at}headers "X-Key": has a character that no header may have; remove it`,
  );
});

test('the address that is shown has no query and no long part', () => {
  expect(problemOf({ url: 'https://host:9/a/0123456789abcdef01234567/write?token=x#y' })).toBe(
    'https://host:9/a/***/write?***',
  );
});
