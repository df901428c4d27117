import fc from 'fast-check';

const label = fc.constantFrom('job', 'instance', 'le', '"dotted.name"', 'by', 'sum');
const labels = fc.uniqueArray(label, { maxLength: 3 }).map((names) => `(${names.join(', ')})`);
const text = fc
  .string({ unit: 'binary', maxLength: 5 })
  .filter((value) => !value.includes('\ufffd'));
const quoted = text.map((value) => JSON.stringify(value));
const duration = fc.constantFrom('5m', '1h30m', '90', '1.5', '1m * 2', 'step() + 1s', '(2m)');
const modifier = fc.constantFrom(
  '',
  ' offset 5m',
  ' offset -1h',
  ' @ 12.5',
  ' @ end()',
  ' @ start() offset 3s',
);
const matcher = fc
  .tuple(label, fc.constantFrom('=', '!='), quoted)
  .map(([name, operator, value]) => `${name}${operator}${value}`);
const selector = fc
  .tuple(
    fc.constantFrom('up', 'http_requests_total', 'ns:rule', 'offset'),
    fc.array(matcher, { maxLength: 2 }),
  )
  .map(([name, matchers]) => `${name}{${matchers.join(',')}}`);
const matching = fc.oneof(
  fc.constant(''),
  labels.map((names) => ` on ${names}`),
  fc.tuple(fc.constantFrom('left', 'right')).map(([side]) => ` ignoring (x) group_${side} (y)`),
);

/** Texts of well-typed instant vectors. */
export const { vector } = fc.letrec<{ vector: string; operand: string }>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(selector, modifier).map((parts) => parts.join('')),
    tie('vector').map((inner) => `(${inner})`),
  ),
  vector: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('operand'),
    fc.tuple(selector, duration, modifier).map(([s, d, m]) => `rate(${s}[${d}]${m})`),
    fc.tuple(tie('operand'), duration).map(([v, d]) => `max_over_time(${v}[${d}:])`),
    fc
      .tuple(fc.constantFrom('sum', 'avg'), labels, tie('vector'))
      .map(([a, l, v]) => `${a} by ${l} (${v})`),
    fc.tuple(labels, tie('vector')).map(([l, v]) => `topk(3, ${v}) without ${l}`),
    fc
      .tuple(
        tie('operand'),
        fc.constantFrom('+', '*', '^', '== bool', '>'),
        matching,
        tie('operand'),
      )
      .map(([l, operator, m, r]) => `${l} ${operator}${m} ${r}`),
    tie('operand').map((v) => `-${v}`),
    fc
      .tuple(tie('operand'), fc.constantFrom('-2', '0x10', 'Inf', '5m'))
      .map(([v, n]) => `${v} - ${n}`),
  ),
}));
