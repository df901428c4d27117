import { type Problem, ProblemSchema } from '@dwcp/api-schema';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Platform } from '../platform.ts';

const path = '/api/v1/rule-groups/g';
const rules = (list: string, head = 'name: g'): string =>
  `groups:\n  - ${head}\n    rules:\n${list}`;
const good = rules('      - { alert: Up, expr: up }\n');

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  await send('PUT', path, { yaml: good, by: 'ann', comment: 'first' });
});
afterAll(() => platform[Symbol.asyncDispose]());

function send(
  method: string,
  to: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return platform.fetch(to, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function refused(response: Response): Promise<Problem> {
  const problem = (await response.json()) as Problem;
  expect(Value.Errors(ProblemSchema, problem)).toEqual([]);
  // Whatever was asked, what was there before is untouched.
  expect(await platform.json(path)).toMatchObject({ version: 1, yaml: good, enabled: true });
  return problem;
}

test.each([
  ['an expression', rules('      - { alert: Up, expr: "up ==" }\n'), [4, 28], 'could not parse'],
  ['no expression', rules('      - { alert: Up }\n'), [4, 9], 'expr is missing or empty'],
  ['a duration', rules('      - { alert: Up, expr: up, for: soon }\n'), [4, 37], '"soon"'],
  ['a key', rules('      - { alert: Up, expr: up, fro: 5m }\n'), [4, 32], '"fro" is not a key'],
  ['no name', rules('      - { expr: up }\n'), [4, 9], 'neither alert nor record is set'],
  ['both', rules('      - { alert: A, record: b, expr: up }\n'), [4, 29], 'both alert and record'],
  [
    'a template',
    rules(`      - { alert: A, expr: up, annotations: { a: '{{ .X' } }\n`),
    [4, 46],
    'annotation "a"',
  ],
  [
    'a condition',
    rules(
      `      - { alert: A, condition: { threshold: { metric: m, operator: '=>', value: 1 } } }\n`,
    ),
    [4, 68],
    '=>',
  ],
  ['YAML', 'groups: [', [1, 10], 'not valid YAML'],
  ['an unknown top', 'group: []\n', [1, 1], '"group" is not a key of the file'],
  ['nothing', '', [1, 1], 'there is no group'],
  ['two groups', `${good}${good.slice(8).replace('name: g', 'name: h')}`, [1, 1], '2 groups'],
  ['another name', good.replace('name: g', 'name: h'), [2, 11], 'is called "h", not "g"'],
  ['no rules', 'groups: [{ name: g }]\n', [1, 18], 'the group has no rules'],
])(
  '%s at fault is refused with line, column, what was found and what to do',
  async (_, yaml, at, found) => {
    const response = await send('PUT', path, { yaml, by: 'bob', version: 1 });
    expect(response.status).toBe(422);
    const { errors = [], type } = await refused(response);
    expect(type).toBe('urn:dwcp:problem:rules-invalid');
    const [error] = errors;
    expect([error?.line, error?.column]).toEqual(at);
    expect(error?.problem).toContain(found);
    expect(error?.fix).not.toBe('');
  },
);

test.each(['[', '{a: ', '- ', '? '])('%j nested 50,000 times is refused', async (level) => {
  const yaml = `groups:\n${level.repeat(50_000)}`;
  const response = await send('PUT', path, { yaml, by: 'bob', version: 1 });
  expect(response.status).toBe(422);
  expect((await refused(response)).detail).toContain('not valid YAML');
});

test('every mistake is told at once, with its rule', async () => {
  const yaml = rules('      - { alert: A, expr: "(" }\n      - { alert: B, expr: ")" }\n');
  const problem = await refused(await send('PUT', path, { yaml, by: 'bob', version: 1 }));
  expect(problem.errors?.map(({ line, where }) => [line, where])).toEqual([
    [4, 'group "g", rule 1 "A"'],
    [5, 'group "g", rule 2 "B"'],
  ]);
});

test.each([
  [
    {
      rules: [
        { alert: 'A', expr: 'up' },
        { alert: 'B', expr: 'up ==', for: '5m' },
      ],
    },
    '/group/rules/1/expr',
  ],
  [{ rules: [{ alert: 'A', expr: 'up', for: 'soon' }] }, '/group/rules/0/for'],
  [
    { rules: [{ alert: 'A', expr: 'up', annotations: { ok: 'x', b: '{{' } }] },
    '/group/rules/0/annotations/b',
  ],
  [
    { rules: [{ alert: 'A', expr: 'up', labels: { ok: 'x', '1a': 'y' } }] },
    '/group/rules/0/labels/1a',
  ],
  [{ rules: [{ alert: 'A', expr: 'up', fro: 1 }] }, '/group/rules/0/fro'],
  [{ rules: [{ alert: 'A' }] }, '/group/rules/0'],
  [{ interval: 'often', rules: [{ alert: 'A', expr: 'up' }] }, '/group/interval'],
  [{ name: 'h', rules: [{ alert: 'A', expr: 'up' }] }, '/group/name'],
  [{ rules: 7 }, '/group/rules'],
])('in JSON, %j is told at %s', async (group, pointer) => {
  const { errors } = await refused(await send('PUT', path, { group, by: 'bob', version: 1 }));
  expect(errors?.map((error) => error.pointer)).toEqual([pointer]);
  const check = await send('POST', '/api/v1/rule-groups/check', { group, name: 'g' });
  expect(await check.json()).toMatchObject({ ok: false, problems: [{ pointer }] });
});

const deep = (levels: number): unknown => (levels === 0 ? 'x' : { a: deep(levels - 1) });

test.each([
  ['PUT', path, { yaml: good }, 400, '/by is required'],
  ['PUT', path, { yaml: good, by: '' }, 400, '/by must not be empty'],
  ['PUT', path, { by: 'bob' }, 400, 'give either yaml or group'],
  ['PUT', path, { yaml: good, group: {}, by: 'bob' }, 400, 'give either yaml or group'],
  ['PUT', path, { yaml: 7, by: 'bob' }, 400, '/yaml must be text'],
  ['PUT', path, { yaml: good, by: 'bob', version: -1 }, 400, '/version must be >= 0'],
  ['PUT', path, { yaml: good, by: 'bob', versoin: 1 }, 400, 'did you mean version?'],
  ['PUT', path, { group: { rules: [deep(60)] }, by: 'bob' }, 400, 'at most 50 levels'],
  ['PUT', path, { group: { rules: 7 }, by: 'bob', version: 1 }, 422, 'rules is "7"'],
  ['PUT', path, { yaml: `#${'x'.repeat(262_144)}`, by: 'bob' }, 413, 'more than 262144'],
  [
    'PUT',
    path,
    { yaml: good, by: 'bob' },
    409,
    'at version 1, and no version was given; ann made it',
  ],
  ['PUT', path, { yaml: good, by: 'bob', version: 7 }, 409, 'not at version 7; ann made it at'],
  ['PUT', `${path}h`, { group: { name: 'other', rules: [] }, by: 'bob' }, 422, 'not "gh"'],
  [
    'PUT',
    '/api/v1/rule-groups/..%2Fx',
    { group: { rules: [{ alert: 'A', expr: 'up' }] }, by: 'b' },
    422,
    'use letters, digits',
  ],
  [
    'PUT',
    '/api/v1/rule-groups/new',
    { yaml: good.replace('name: g', 'name: new'), by: 'b', version: 3 },
    409,
    'is not there, nor its version 3',
  ],
  ['PATCH', path, { by: 'bob' }, 400, '/enabled is required'],
  ['PATCH', path, { enabled: 'no', by: 'bob' }, 400, '/enabled must be true or false'],
  [
    'PATCH',
    path,
    { enabled: false, rule: 'Nope', by: 'bob' },
    404,
    'has no rule "Nope"; there are Up',
  ],
  ['PATCH', path, { enabled: false, rule: 'Up', labels: { a: 'b' }, by: 'bob' }, 404, '{"a":"b"}'],
  ['PATCH', path, { enabled: false, labels: { a: 'b' }, by: 'bob' }, 400, 'labels: go with rule'],
  ['PATCH', `${path}h`, { enabled: false, by: 'bob' }, 404, 'there is no rule group "gh"'],
  ['DELETE', path, {}, 400, '/by is required'],
  ['DELETE', path, { by: 'bob', version: 2 }, 409, 'is at version 1'],
  ['DELETE', `${path}h`, { by: 'bob' }, 404, 'there is no rule group "gh"'],
  ['POST', '/api/v1/rule-groups/check', {}, 400, 'give either yaml or group'],
])('%s %s with %j is refused', async (method, to, body, status, text) => {
  const response = await send(method, to, body);
  const { detail } = await refused(response);
  expect([response.status, detail]).toEqual([status, expect.stringContaining(text)]);
});

test.each([
  ['/api/v1/rule-groups/nope', 404, 'there is no rule group "nope"'],
  ['/api/v1/rule-groups/nope/history', 404, 'there is no rule group "nope"'],
  [`${path}/history?limit=0`, 400, '?limit must be >= 1'],
  [`${path}/history?cursor=x`, 400, 'cursor: is not one that an answer gave'],
])('GET %s is refused', async (to, status, text) => {
  const response = await platform.fetch(to);
  expect(response.status).toBe(status);
  expect((await refused(response)).detail).toContain(text);
});

test('a version in the body and another in the header are refused', async () => {
  const body = { yaml: good, by: 'bob', version: 1 };
  const response = await send('PUT', path, body, { 'if-match': '"2"' });
  expect(response.status).toBe(400);
  expect((await refused(response)).detail).toContain('version: is 1, and If-Match says 2');
});

test('more rules than a group may have are refused', async () => {
  const yaml = rules('      - { alert: A, expr: up }\n'.repeat(1_001));
  const response = await send('PUT', path, { yaml, by: 'bob', version: 1 });
  expect(response.status).toBe(413);
  expect((await refused(response)).detail).toContain('1001 rules, more than 1000');
});
