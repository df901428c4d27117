import { delimited, double, type Field, message, varint } from './protobuf-writer.ts';
import { type PushScenario, type PushStep } from './push-table.ts';

const TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

const label = (name: string, value: string): Field => [1, message([1, name], [2, value])];

/** `type` is the number of the enum; the first, COUNTER, may be left out on the wire. */
const family = (
  name: string,
  type: number,
  ...metrics: readonly (readonly Field[])[]
): readonly Field[] => [
  [1, name],
  [2, `Help of ${name}.`],
  [3, varint(type)],
  ...metrics.map((fields): Field => [4, message(...fields)]),
];

const push = (body: Uint8Array, status = 200): PushStep => {
  return { method: 'PUT', path: 'job/a', contentType: TYPE, body, status };
};

const counter: Field = [3, message([1, double(5)])];
const gauge: Field = [2, message([1, double(-1.5)])];
const summary: Field = [
  4,
  message(
    [1, varint(12)],
    [2, double(30)],
    [3, message([1, double(0.5)], [2, double(1)])],
    [3, message([1, double(0.99)], [2, double(Number.NaN)])],
  ),
];
const histogram: Field = [
  7,
  message(
    [1, varint(300)],
    [2, double(9.5)],
    [3, message([1, varint(100)], [2, double(1)])],
    [3, message([1, varint(300)], [2, double(Infinity)])],
  ),
];

export const protobufScenarios: readonly PushScenario[] = [
  {
    title: 'every type of the Go client',
    steps: [
      push(
        delimited(
          family('c_total', 0, [label('x', '1'), counter], [label('x', '2'), counter]),
          family('g', 1, [label('x', 'ü'), gauge]),
          family('s', 2, [summary]),
          family('u', 3, [[5, message([1, double(7)])]]),
          family('h', 4, [label('job', 'other'), histogram]),
        ),
      ),
    ],
    shows: [
      'c_total{instance="",job="a",x="1"} 5',
      'c_total{instance="",job="a",x="2"} 5',
      'g{instance="",job="a",x="ü"} -1.5',
      's{instance="",job="a",quantile="0.5"} 1',
      's{instance="",job="a",quantile="0.99"} NaN',
      's_count{instance="",job="a"} 12',
      's_sum{instance="",job="a"} 30',
      'u{instance="",job="a"} 7',
      'h_bucket{instance="",job="a",le="+Inf"} 300',
      'h_bucket{instance="",job="a",le="1"} 100',
      'h_count{instance="",job="a"} 300',
      'h_sum{instance="",job="a"} 9.5',
    ],
  },
  { title: 'no family at all', steps: [push(delimited())], shows: [] },
  {
    title: 'a message that is cut off is refused',
    steps: [push(delimited(family('c_total', 0, [counter])).subarray(0, -3), 400)],
    shows: [],
  },
  {
    title: 'a length that is cut off is refused',
    steps: [push(Buffer.from([0xff]), 400)],
    shows: [],
    departs: 'the real one takes it for the end, and loses what should have followed',
  },
  {
    title: 'a timestamp is refused',
    steps: [push(delimited(family('c_total', 0, [counter, [6, varint(1_700_000_000_000)]])), 400)],
    shows: [],
  },
  {
    title: 'a value of another type than its family is refused',
    steps: [push(delimited(family('c_total', 0, [gauge])), 400)],
    shows: [],
  },
  {
    title: 'a label that occurs twice is refused',
    steps: [push(delimited(family('g', 1, [label('x', '1'), label('x', '2'), gauge])), 400)],
    shows: [],
  },
  {
    title: 'another type than another group has is refused',
    steps: [
      { method: 'PUT', path: 'job/b', body: '# TYPE g counter\ng 1\n', status: 200 },
      push(delimited(family('g', 1, [gauge])), 400),
    ],
    shows: ['g{instance="",job="b"} 1'],
  },
  {
    title: 'a native histogram keeps its sum and count',
    steps: [
      push(
        delimited(
          family('n', 4, [
            [
              7,
              message(
                [1, varint(3)],
                [2, double(4)],
                [5, varint(0)],
                [12, message([1, varint(0)], [2, varint(1)])],
                [13, varint(6)],
              ),
            ],
          ]),
        ),
      ),
    ],
    shows: [
      'n_bucket{instance="",job="a",le="+Inf"} 3',
      'n_count{instance="",job="a"} 3',
      'n_sum{instance="",job="a"} 4',
    ],
  },
  {
    title: 'protobuf in another encoding is refused with its name',
    steps: [
      {
        ...push(Buffer.from('name: "m"'), 415),
        contentType: 'application/vnd.google.protobuf; encoding=text',
      },
    ],
    shows: [],
    departs: 'the real one takes it for the text format and answers 400',
  },
];
