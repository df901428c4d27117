import { remoteWriteHeaders, remoteWriteVersionOf } from '@dwcp/protocol-prometheus';
import { expect, test } from 'vitest';

test('the headers are those of the specifications', () => {
  expect(remoteWriteHeaders('1.0')).toEqual({
    'Content-Type': 'application/x-protobuf',
    'Content-Encoding': 'snappy',
    'X-Prometheus-Remote-Write-Version': '0.1.0',
  });
  expect(remoteWriteHeaders('2.0')).toEqual({
    'Content-Type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'Content-Encoding': 'snappy',
    'X-Prometheus-Remote-Write-Version': '2.0.0',
  });
});

test.each([
  [undefined, '1.0'],
  ['', '1.0'],
  ['application/x-protobuf', '1.0'],
  ['Application/X-Protobuf ; proto=prometheus.WriteRequest', '1.0'],
  ['application/x-protobuf;proto=io.prometheus.write.v2.Request', '2.0'],
  ['application/x-protobuf; charset=utf-8; proto="io.prometheus.write.v2.Request"', '2.0'],
  ['application/x-protobuf;proto=io.prometheus.write.v3.Request', undefined],
  ['application/json', undefined],
  ['text/plain;proto=io.prometheus.write.v2.Request', undefined],
])('the Content-Type %j is of the version %s', (contentType, version) => {
  expect(remoteWriteVersionOf(contentType)).toBe(version);
});

test.each(['1.0', '2.0'] as const)('our own headers of %s are understood', (version) => {
  expect(remoteWriteVersionOf(remoteWriteHeaders(version)['Content-Type'])).toBe(version);
});
