/** A body of the API that is refused. */
export interface BadCall {
  readonly name: string;
  readonly body: unknown;
  /** All that is said: field, what was found, and what to do. */
  readonly says: string;
}

const matcher = { name: 'alertname', value: 'A', isRegex: false, isEqual: true };
const silence = {
  matchers: [matcher],
  startsAt: '2026-01-02T03:00:00Z',
  endsAt: '2026-01-02T04:00:00Z',
  createdBy: 'ann',
  comment: 'known',
};
const without = (key: keyof typeof silence): unknown =>
  Object.fromEntries(Object.entries(silence).filter(([name]) => name !== key));

export const BAD_ALERTS: readonly BadCall[] = [
  {
    name: 'an alert that is in no list',
    says: 'body: is no list of alerts, got {"labels":{"alertname":"A"}}; post [{"labels": {"alertname": "A"}}]',
    body: { labels: { alertname: 'A' } },
  },
  { name: 'an alert that is a text', says: '[0]: is no object, got "A"; write {...}', body: ['A'] },
  {
    name: 'an alert without labels',
    says: '[0].labels: is no object, got nothing; write {...}',
    body: [{ annotations: {} }],
  },
  {
    name: 'labels that are a list',
    says: '[0].labels: is no object, got ["alertname=A"]; write {...}',
    body: [{ labels: ['alertname=A'] }],
  },
  {
    name: 'a label that is a number',
    says: '[0].labels.code: is no text, got 500; put it in quotes',
    body: [{ labels: { alertname: 'A', code: 500 } }],
  },
  {
    name: 'an annotation that is a list',
    says: '[0].annotations.s: is no text, got []; put it in quotes',
    body: [{ labels: { a: 'b' }, annotations: { s: [] } }],
  },
  {
    name: 'a start that is a number',
    says: '[0].startsAt: is no moment, got 1767225600; write it as 2026-01-02T03:04:05Z',
    body: [{ labels: { a: 'b' }, startsAt: 1_767_225_600 }],
  },
  {
    name: 'an end without a time of day',
    says: '[0].endsAt: is no moment, got "2026-01-02"; write it as 2026-01-02T03:04:05Z',
    body: [{ labels: { a: 'b' }, endsAt: '2026-01-02' }],
  },
  {
    name: 'an address that is no text',
    says: '[0].generatorURL: is no text, got 1; put it in quotes',
    body: [{ labels: { a: 'b' }, generatorURL: 1 }],
  },
];

export const BAD_SILENCES: readonly BadCall[] = [
  {
    name: 'a silence in a list',
    says: 'body: is no object, got [{"matchers":[{"name":"alertname","value":"A","isRegex":false,"isEqual":true}],"startsAt":"2026-01-0...; write {...}',
    body: [silence],
  },
  {
    name: 'a silence without matchers',
    says: 'matchers: is no list, got nothing; write [{"name": "alertname", "value": "A", "isRegex": false, "isEqual": true}]',
    body: without('matchers'),
  },
  {
    name: 'a silence without a start',
    says: 'startsAt: is required; add it: 2026-01-02T03:04:05Z',
    body: without('startsAt'),
  },
  {
    name: 'a silence without an end',
    says: 'endsAt: is required; add it: 2026-01-02T03:04:05Z',
    body: without('endsAt'),
  },
  {
    name: 'a silence without an author',
    says: 'createdBy: is required; add it: a text',
    body: without('createdBy'),
  },
  {
    name: 'a matcher that does not say whether it is a pattern',
    says: 'matchers[0].isRegex: is neither true nor false, got nothing; write {"name": "alertname", "value": "A", "isRegex": false, "isEqual": true}',
    body: { ...silence, matchers: [{ name: 'a', value: 'b' }] },
  },
  {
    name: 'a matcher with a bad pattern',
    says: 'matchers[0].value: regular expression: cannot parse "(": error parsing regexp: missing closing ); write RE2 syntax',
    body: { ...silence, matchers: [{ ...matcher, value: '(', isRegex: true }] },
  },
  {
    name: 'a matcher without a name',
    says: 'matchers[0].name: is required; add it: a text',
    body: { ...silence, matchers: [{ value: 'b', isRegex: false }] },
  },
  {
    name: 'an id that is a number',
    says: 'id: is no text, got 7; put it in quotes',
    body: { ...silence, id: 7 },
  },
];

/** These are read, and refused by what they would do. */
export const SENSELESS_SILENCES: readonly BadCall[] = [
  {
    name: 'a silence of everything',
    says: 'matchers: alertname=~".*" match alerts without the labels too; one must not match an empty value',
    body: { ...silence, matchers: [{ ...matcher, value: '.*', isRegex: true }] },
  },
  {
    name: 'no matcher at all',
    says: 'matchers: at least one is required',
    body: { ...silence, matchers: [] },
  },
  {
    name: 'a silence that ends before it begins',
    says: 'endsAt: 2026-01-02T02:00:00.000Z is not after startsAt, 2026-01-02T03:00:00.000Z',
    body: { ...silence, endsAt: '2026-01-02T02:00:00Z' },
  },
  {
    name: 'a silence that is over',
    says: 'endsAt: 2025-01-01T01:00:00.000Z is in the past',
    body: { ...silence, startsAt: '2025-01-01T00:00:00Z', endsAt: '2025-01-01T01:00:00Z' },
  },
  {
    name: 'a silence that is not there',
    says: 'no silence has the id "none"',
    body: { ...silence, id: 'none' },
  },
];
