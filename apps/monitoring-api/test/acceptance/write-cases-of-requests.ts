import { request } from 'node:http';

import {
  type Answer,
  bombOf,
  HEADERS_1,
  HEADERS_2,
  message1,
  message2,
  pack,
  post,
} from './remote-write-wire.ts';
import {
  bytes,
  type Case,
  good,
  inVersion1,
  inVersion2,
  keeps,
  labeled,
  NOW,
} from './write-case.ts';

const MIB = 2 ** 20;

export const wholeRequests: Readonly<Record<string, Case>> = {
  'a packed body above the limit, its length told': {
    send: (url) => post(url, new Uint8Array(17 * MIB)),
    status: 413,
    reason: /bodyLimitBytes/,
  },
  'a packed body above the limit, in chunks': {
    send: (url) => sendChunks(url, 17),
    status: 413,
    reason: /bodyLimitBytes/,
  },
  'a body that says it unpacks to 4 GB': {
    send: (url) => post(url, bytes(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0)),
    status: 413,
    reason: /unpacks to 4294967295 bytes, the limit is 67108864/,
  },
  'a true bomb, which unpacks above the limit': {
    send: (url) => post(url, bombOf(100 * MIB)),
    status: 413,
    reason: /unpacks to 104857600 bytes/,
  },
  'a bomb of zeros below the limit': {
    send: (url) => post(url, bombOf(60 * MIB)),
    status: 400,
    reason: /remote write 1\.0/,
  },
  'a length that is beyond 32 bits': {
    send: (url) => post(url, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)),
    status: 400,
    reason: /snappy/,
  },
  'fewer bytes than were told': {
    send: (url) => post(url, bytes(60, 4, 1, 2)),
    status: 400,
    reason: /snappy/,
  },
  'a copy from before the beginning': {
    send: (url) => post(url, bytes(8, 0x1d, 0xff)),
    status: 400,
    reason: /a copy from 255 bytes back/,
  },
  garbage: {
    send: (url) => post(url, Buffer.from('this is no remote write at all')),
    status: 400,
    reason: /snappy/,
  },
  'an empty body': { send: (url) => post(url, bytes()), status: 400, reason: /snappy/ },
  'an empty message': { send: (url) => post(url, bytes(0)), status: 204 },
  'protobuf of another kind': {
    send: (url) => post(url, pack(Buffer.from('{"json": "and no protobuf"}'))),
    status: 400,
    reason: /remote write 1\.0/,
  },
  'a message that ends in a series': {
    send: (url) => post(url, pack(message1(good('truncated_kept'), good('cut')).subarray(0, -3))),
    status: 400,
    reason: /a length of 35 runs past the end of its message/,
    // A message that cannot be read is refused as a whole, as Prometheus does.
    kept: { truncated_kept: [], cut: [] },
  },
  '2.0 that ends in a series': {
    send: (url) => post(url, pack(message2(good('cut_2')).subarray(0, -3)), HEADERS_2),
    status: 400,
    reason: /remote write 2\.0/,
    kept: { cut_2: [] },
  },
  'a group, which protobuf 3 does not have': {
    send: (url) => post(url, pack(bytes(0x0b, 0x0c))),
    status: 400,
    reason: /remote write 1\.0/,
  },
  'JSON by its content type': {
    send: (url) =>
      post(url, pack(message1(good('as_json'))), {
        ...HEADERS_1,
        'content-type': 'application/json',
      }),
    status: 415,
    reason: /application\/x-protobuf/,
    kept: { as_json: [] },
  },
  'a message type that is unknown': {
    send: (url) =>
      post(url, pack(message1(good('as_v3'))), {
        ...HEADERS_1,
        'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request',
      }),
    status: 415,
    reason: /prometheus\.WriteRequest.*io\.prometheus\.write\.v2\.Request/,
    kept: { as_v3: [] },
  },
  'another encoding': {
    send: (url) =>
      post(url, pack(message1(good('as_zstd'))), { ...HEADERS_1, 'content-encoding': 'zstd' }),
    status: 415,
    reason: /snappy, not zstd/,
    kept: { as_zstd: [] },
  },
  '2.0 under the content type of 1.0, all of whose fields are unknown there': {
    send: (url) => post(url, pack(message2(good('mixed_2')))),
    status: 204,
    kept: { mixed_2: [] },
  },
  '1.0 under the content type of 2.0, all of whose fields are unknown there': {
    send: (url) => post(url, pack(message1(good('mixed_1'))), HEADERS_2),
    status: 204,
    kept: { mixed_1: [] },
  },
};

export const labels: Readonly<Record<string, Case>> = {
  'labels in another order, which Prometheus sorts': {
    send: inVersion1({
      labels: [
        ['z', 'last'],
        ['__name__', 'unsorted'],
        ['a', 'first'],
      ],
      samples: [[1, NOW]],
    }),
    status: 204,
    kept: keeps('unsorted'),
  },
  'labels in another order in 2.0': {
    send: inVersion2({
      labels: [
        ['z', 'last'],
        ['__name__', 'unsorted_2'],
      ],
      samples: [[1, NOW]],
    }),
    status: 204,
    kept: keeps('unsorted_2'),
  },
  'a label twice': {
    send: inVersion1(
      labeled('repeated', [
        ['a', 'x'],
        ['a', 'y'],
      ]),
      good('repeated_ok'),
    ),
    status: 400,
    reason: /label "a" occurs twice/,
    rejected: { invalid: 1 },
    kept: { repeated: [], ...keeps('repeated_ok') },
  },
  'a label twice, not side by side': {
    send: inVersion2(
      labeled('repeated_apart', [
        ['a', 'x'],
        ['b', 'y'],
        ['a', 'x'],
      ]),
      good('repeated_apart_ok'),
    ),
    status: 400,
    reason: /label "a" occurs twice/,
    rejected: { invalid: 1 },
    kept: { repeated_apart: [], ...keeps('repeated_apart_ok') },
  },
  'an empty label name': {
    send: inVersion1(labeled('no_label_name', [['', 'x']]), good('no_label_name_ok')),
    status: 400,
    reason: /empty name/,
    rejected: { invalid: 1 },
    kept: { no_label_name: [], ...keeps('no_label_name_ok') },
  },
  'an empty label value': {
    send: inVersion1(labeled('no_label_value', [['a', '']]), good('no_label_value_ok')),
    status: 400,
    reason: /label "a" has an empty value/,
    rejected: { invalid: 1 },
    kept: { no_label_value: [], ...keeps('no_label_value_ok') },
  },
  'no name': {
    send: inVersion1({ labels: [['a', 'x']], samples: [[1, NOW]] }, good('no_name_ok')),
    status: 400,
    reason: /there is no __name__/,
    rejected: { invalid: 1 },
    kept: keeps('no_name_ok'),
  },
  'no labels at all': {
    send: inVersion2({ labels: [], samples: [[1, NOW]] }, good('no_labels_ok')),
    status: 400,
    reason: /there is no __name__/,
    rejected: { invalid: 1 },
    kept: keeps('no_labels_ok'),
  },
  'bytes in a label name that are not UTF-8': {
    send: inVersion1(labeled('bytes_name', [[bytes(0xff, 0xfe), 'x']]), good('bytes_name_ok')),
    status: 400,
    reason: /not UTF-8/,
    rejected: { invalid: 1 },
    kept: { bytes_name: [], ...keeps('bytes_name_ok') },
  },
  'bytes in a label value that are not UTF-8': {
    send: inVersion2(labeled('bytes_value', [['a', bytes(0xc3, 0x28)]]), good('bytes_value_ok')),
    status: 400,
    reason: /label "a" is not UTF-8/,
    rejected: { invalid: 1 },
    kept: { bytes_value: [], ...keeps('bytes_value_ok') },
  },
  '100 labels': {
    send: inVersion1(
      labeled(
        'many_labels',
        Array.from({ length: 100 }, (_, i) => [`l${String(i).padStart(3, '0')}`, 'x'] as const),
      ),
      good('many_labels_ok'),
    ),
    status: 400,
    reason: /label-limit=1/,
    rejected: { 'label-limit': 1 },
    kept: { many_labels: [], ...keeps('many_labels_ok') },
  },
  'a label value of 64 KB': {
    send: inVersion1(labeled('long_value', [['a', 'x'.repeat(65_536)]]), good('long_value_ok')),
    status: 400,
    reason: /label-limit=1/,
    rejected: { 'label-limit': 1 },
    kept: { long_value: [], ...keeps('long_value_ok') },
  },
  'a label value of 64 KB in 2.0': {
    send: inVersion2(labeled('long_value_2', [['a', 'x'.repeat(65_536)]]), good('long_value_2_ok')),
    status: 400,
    reason: /label-limit=1/,
    rejected: { 'label-limit': 1 },
    kept: { long_value_2: [], ...keeps('long_value_2_ok') },
  },
};

/** Without a Content-Length, as a proxy sends it. */
function sendChunks(url: string, mebibytes: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    `${url}/api/v1/write`,
    { method: 'POST', headers: HEADERS_1 },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, headers: new Headers() }),
      );
    },
  );
  sent.on('error', reject);
  const part = Buffer.alloc(MIB);
  const next = (left: number): void => {
    if (left === 0) sent.end();
    else sent.write(part, () => next(left - 1));
  };
  next(mebibytes);
  return promise;
}
