// What the alert generator test of prometheus/compliance writes and expects, in passes of 30 s; a sample
// comes every 15 s, and the resend delay is a minute.

const METRIC = 'alert_generator_test_suite';

type Values = readonly (readonly [value: number, count: number])[];

/** An alert in one state from one pass to another, both included. */
export interface Expected {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly passes: readonly [first: number, last: number];
  readonly value: number;
  readonly activeAt: number;
}

export interface Case {
  readonly group: string;
  readonly series: readonly (readonly [labels: Record<string, string>, values: Values])[];
  readonly alerts: readonly Expected[];
  readonly passes: number;
  /** Passes at which each alert is sent, by labels. */
  readonly sent: Readonly<Record<string, readonly Sent[]>>;
}

export interface Sent {
  readonly kind: 'firing' | 'resolved';
  readonly passes: readonly number[];
  /** The pass at which it began to fire. */
  readonly startsAt: number;
  /** Of resolved ones, the pass at which it ended. */
  readonly endsAt?: number;
}

const every = (first: number, last: number): readonly number[] =>
  Array.from({ length: Math.floor((last - first) / 2) + 1 }, (_, index) => first + 2 * index);

const simple = {
  rule: 'PendingAndFiringAndResolved_SimpleAlert',
  labels: {
    alertname: 'PendingAndFiringAndResolved_SimpleAlert',
    foo: 'bar',
    rulegroup: 'PendingAndFiringAndResolved',
  },
};
const summary = (value: number) => ({
  description: 'SimpleAlert is firing',
  summary: `The value is ${value} ${value}`,
});

const orderGroup = 'NewAlerts_OrderCheck';
const rule1 = (variant: string) => ({
  rule: `${orderGroup}_Rule1`,
  labels: { alertname: `${orderGroup}_Rule1`, foo: 'bar', rulegroup: orderGroup, variant },
  annotations: { description: 'This should produce more alerts later' },
  value: 11,
});
const rule2 = {
  rule: `${orderGroup}_Rule2`,
  labels: {
    alertname: `${orderGroup}_Rule2`,
    alertstate: 'firing',
    ba_dum: 'tss',
    foo: 'baz',
    rulegroup: orderGroup,
  },
  annotations: {
    description: `Based on ALERTS. Old alertname was ${orderGroup}_Rule1. foo was bar.`,
  },
};

const forGroup = 'ZeroFor_SmallFor';
const zeroFor = (queried: string) => ({
  rule: `${forGroup}_ZeroFor`,
  labels: { alertname: `${forGroup}_ZeroFor`, foo: 'bar', rulegroup: forGroup },
  annotations: {
    description: 'This should immediately fire',
    template_query_test: `Args are: foo bar 99. first_id:101,${queried}`,
    template_test: '1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC',
  },
});
const smallFor = {
  rule: `${forGroup}_SmallFor`,
  labels: { alertname: `${forGroup}_SmallFor`, ba_dum: 'tss', rulegroup: forGroup },
  annotations: {
    description: 'This should fire after an interval',
    template_test: 'This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .',
  },
  value: 15,
  activeAt: 4,
};

const own = (group: string, rule: string): Record<string, string> => ({
  __name__: METRIC,
  alertname: `${group}_${rule}`,
  rulegroup: group,
});
const beginning: Values = [
  [3, 1],
  [5, 3],
  [9, 4],
];

export const CASES: readonly Case[] = [
  {
    group: 'PendingAndFiringAndResolved',
    series: [
      [
        own('PendingAndFiringAndResolved', 'SimpleAlert'),
        [...beginning, [11, 13], [15, 32], [19, 16], [9, 20], [15, 45], [8, 16]],
      ],
    ],
    passes: 100,
    alerts: [
      {
        ...simple,
        annotations: summary(11),
        state: 'pending',
        passes: [4, 10],
        value: 11,
        activeAt: 4,
      },
      {
        ...simple,
        annotations: summary(15),
        state: 'pending',
        passes: [11, 15],
        value: 15,
        activeAt: 4,
      },
      {
        ...simple,
        annotations: summary(15),
        state: 'firing',
        passes: [16, 26],
        value: 15,
        activeAt: 4,
      },
      {
        ...simple,
        annotations: summary(19),
        state: 'firing',
        passes: [27, 34],
        value: 19,
        activeAt: 4,
      },
      {
        ...simple,
        annotations: summary(15),
        state: 'pending',
        passes: [45, 56],
        value: 15,
        activeAt: 45,
      },
      {
        ...simple,
        annotations: summary(15),
        state: 'firing',
        passes: [57, 66],
        value: 15,
        activeAt: 45,
      },
    ],
    sent: {
      [simple.rule]: [
        { kind: 'firing', passes: every(16, 34), startsAt: 16 },
        // It is pending again before the 15 minutes are over.
        { kind: 'resolved', passes: every(35, 43), startsAt: 16, endsAt: 35 },
        { kind: 'firing', passes: every(57, 65), startsAt: 57 },
        { kind: 'resolved', passes: every(67, 95), startsAt: 57, endsAt: 67 },
      ],
    },
  },
  {
    group: 'PendingAndResolved_AlwaysInactive',
    series: ['PendingAlert', 'InactiveAlert'].map((rule) => [
      own('PendingAndResolved_AlwaysInactive', rule),
      [...beginning, [11, 11], [9, 1]],
    ]),
    passes: 29,
    alerts: [
      {
        rule: 'PendingAndResolved_AlwaysInactive_PendingAlert',
        labels: {
          alertname: 'PendingAndResolved_AlwaysInactive_PendingAlert',
          foo: 'bar',
          rulegroup: 'PendingAndResolved_AlwaysInactive',
        },
        annotations: { description: 'SimpleAlert is firing' },
        state: 'pending',
        passes: [4, 9],
        value: 11,
        activeAt: 4,
      },
    ],
    sent: {},
  },
  {
    group: orderGroup,
    series: [
      [
        { ...own(orderGroup, 'Rule1'), variant: 'one' },
        [
          [1, 8],
          [11, 65],
          [9, 21],
        ],
      ],
      [
        { ...own(orderGroup, 'Rule1'), variant: 'two' },
        [
          [1, 32],
          [11, 33],
          [9, 21],
        ],
      ],
    ],
    passes: 44,
    alerts: [
      { ...rule1('one'), state: 'pending', passes: [4, 9], activeAt: 4 },
      { ...rule1('one'), state: 'firing', passes: [10, 36], activeAt: 4 },
      { ...rule1('two'), state: 'pending', passes: [16, 21], activeAt: 16 },
      { ...rule1('two'), state: 'firing', passes: [22, 32], activeAt: 16 },
      // It sees what the first rule wrote in the same pass, the end included.
      { ...rule2, state: 'firing', passes: [22, 32], value: 2, activeAt: 22 },
    ],
    sent: {
      [`${orderGroup}_Rule1 one`]: [
        { kind: 'firing', passes: every(10, 36), startsAt: 10 },
        { kind: 'resolved', passes: every(37, 44), startsAt: 10, endsAt: 37 },
      ],
      [`${orderGroup}_Rule1 two`]: [
        { kind: 'firing', passes: every(22, 32), startsAt: 22 },
        { kind: 'resolved', passes: every(33, 44), startsAt: 22, endsAt: 33 },
      ],
      [rule2.rule]: [
        { kind: 'firing', passes: every(22, 32), startsAt: 22 },
        { kind: 'resolved', passes: every(33, 44), startsAt: 22, endsAt: 33 },
      ],
    },
  },
  {
    group: forGroup,
    series: [
      ...['ZeroFor', 'SmallFor'].map((rule): Case['series'][number] => [
        own(forGroup, rule),
        [...beginning, [15, 13], [9, 72], [11, 13], [9, 1]],
      ]),
      ...[1, 2, 3].map((id): Case['series'][number] => [
        {
          __name__: METRIC,
          rulegroup: forGroup,
          for: 'template',
          id: String(100 + id),
          __value__: `val${id}`,
        },
        [
          [id, 28],
          [2 * id, 200],
        ],
      ]),
    ],
    passes: 63,
    alerts: [
      {
        ...zeroFor('101:1,102:2,103:3,'),
        state: 'firing',
        passes: [4, 10],
        value: 15,
        activeAt: 4,
      },
      { ...smallFor, state: 'pending', passes: [4, 4] },
      { ...smallFor, state: 'firing', passes: [5, 10] },
      {
        ...zeroFor('101:2,102:4,103:6,'),
        state: 'firing',
        passes: [47, 52],
        value: 11,
        activeAt: 47,
      },
    ],
    sent: {
      [`${forGroup}_ZeroFor`]: [
        { kind: 'firing', passes: every(4, 10), startsAt: 4 },
        // Not at the pass that is 15 minutes after the end, nor later.
        { kind: 'resolved', passes: every(11, 39), startsAt: 4, endsAt: 11 },
        { kind: 'firing', passes: every(47, 52), startsAt: 47 },
        { kind: 'resolved', passes: every(53, 63), startsAt: 47, endsAt: 53 },
      ],
      [smallFor.rule]: [
        { kind: 'firing', passes: every(5, 10), startsAt: 5 },
        { kind: 'resolved', passes: every(11, 39), startsAt: 5, endsAt: 11 },
      ],
    },
  },
];
