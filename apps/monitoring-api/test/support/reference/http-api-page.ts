import { type ExampleServer, steady } from './example-server.ts';
import { HTTP_EXAMPLES, type HttpExample, WITHOUT_EXAMPLE } from './http-examples.ts';
import { defaultOf, isTuple, type SchemaNode, typeOf } from './json-schema.ts';
import { code, fence, page, plain, prettyJson, sentence, table } from './markdown.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: SchemaNode;
}

type Content = Readonly<Record<string, { readonly schema: SchemaNode }>>;

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly description?: string; readonly content?: Content }>
  >;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ORDER = [
  'Prometheus API',
  'Explain',
  'Alertmanager API',
  'Alerts',
  'Logs',
  'Traces',
  'Ingest',
  'Pushgateway',
  'Health',
  'Exposition',
];

const ABOUT_TAG: Readonly<Record<string, string>> = {
  'Prometheus API':
    'Parameters, shapes and errors are those of the [HTTP API of Prometheus](https://prometheus.io/docs/prometheus/latest/querying/api/), so Grafana can use this server as a Prometheus data source. POST takes the same parameters as `application/x-www-form-urlencoded`.',
  'Alertmanager API':
    'Parameters, shapes and statuses are those of [version 2 of the API of Alertmanager](https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml), so Prometheus can send its alerts here, and amtool and Grafana read them and set silences. Errors are texts in JSON.',
  Ingest:
    'An answer of success means that the data is on disk. Bodies may be packed with gzip; unpacked they may have `server.bodyLimitBytes`.',
  Pushgateway:
    'Paths, statuses and errors are those of the [Pushgateway of Prometheus](https://github.com/prometheus/pushgateway#api), so curl, prom-client and other clients of it work. Its own pages are below `/pushgateway`, which is also a base URL for clients.',
  Exposition:
    'For Prometheus to scrape; [metrics.md](metrics.md) lists what is there. `Accept: application/openmetrics-text` gets OpenMetrics.',
};

/** docs/reference/http-api.md, from the server's own OpenAPI document and its own answers. */
export async function httpApiPage(server: ExampleServer): Promise<string> {
  const { paths } = JSON.parse(await server.ask('/openapi.json')) as OpenApi;
  const answers = await askAll(server, paths);
  const blocks = [
    '# HTTP API',
    '<!-- Written by `npm run docs -w @dwcp/monitoring`; change the routes, their schemas or the generator instead. -->',
    'The server listens on `127.0.0.1:9000` unless [configured](configuration.md#server) otherwise, and serves this as OpenAPI 3.1 at `/openapi.json`. Moments are RFC 3339 or Unix seconds. What goes wrong is in [errors.md](errors.md).',
    'A server that can be reached from outside takes requests with `Authorization: Bearer <token>` only, except for `/health`, `/ready` and the files of the console. On loopback it takes requests addressed to localhost or to `server.allowedHosts`.',
    'The examples were answered by a server with a standing clock; versions, durations, sizes and counts are made up.',
  ];
  const tags = new Set(
    Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ tags: own = [] }) => own[0] ?? ''),
    ),
  );
  const unknown = [...tags].filter((tag) => !ORDER.includes(tag));
  if (unknown.length > 0) throw new Error(`no section for the tag ${unknown.join(', ')}`);
  for (const tag of ORDER) {
    blocks.push(`## ${tag}`, ABOUT_TAG[tag] ?? '');
    for (const [path, methods] of Object.entries(paths)) {
      const own = Object.entries(methods).filter(([, { tags = [] }]) => tags[0] === tag);
      // Methods that do the same, as GET and POST of a query, are told of once.
      const summaries = new Set(own.map(([, { summary }]) => summary));
      for (const summary of summaries) {
        const alike = own.filter(([, operation]) => operation.summary === summary);
        const names = alike.map(([name]) => name.toUpperCase());
        const [first] = alike;
        if (first === undefined) continue;
        blocks.push(`### ${names.join(', ')} ${path}`, ...operationBlocks(first[1]));
        const answer = answers.get(`${names[0] ?? ''} ${path}`);
        if (answer !== undefined) blocks.push(fence('sh', answer.command), answer.block);
      }
    }
  }
  return page(blocks);
}

function operationBlocks({
  summary = '',
  description = '',
  parameters = [],
  requestBody,
  responses,
}: Operation): readonly string[] {
  const bodies = Object.entries(requestBody?.content ?? {});
  return [
    `${plain(sentence(summary))}${description === '' ? '' : ` ${plain(sentence(description))}`}`,
    parameters.length === 0
      ? ''
      : table(
          ['Parameter', 'In', 'Type', 'Default', 'Meaning'],
          parameters.toSorted(pathFirst).map((parameter) => {
            const { name, schema } = parameter;
            const meaning = parameter.description ?? schema.description;
            if (meaning === undefined) {
              throw new Error(`the parameter ${name} of "${summary}" has no description`);
            }
            return [
              code(name),
              parameter.in,
              typeOf(schema),
              parameter.required === true ? 'required' : defaultOf(schema),
              plain(sentence(meaning)),
            ];
          }),
        ),
    bodies.length === 0
      ? ''
      : `Body: ${bodies.map(([type]) => code(type)).join(' or ')}${bodyFields(bodies[0]?.[1].schema)}.`,
    table(['Answer', 'Body'], answerRows(responses)),
  ];
}

const pathFirst = (a: Parameter, b: Parameter): number =>
  Number(b.in === 'path') - Number(a.in === 'path');

/** Statuses that are answered alike share a row. */
function answerRows(responses: Operation['responses']): readonly (readonly string[])[] {
  const statuses = new Map<string, string[]>();
  for (const [status, { description, content }] of Object.entries(responses)) {
    const body = answerOf(content, description);
    statuses.set(body, [...(statuses.get(body) ?? []), status.replace('4XX', '4xx')].sort());
  }
  return [...statuses]
    .map(([body, some]) => [some.join(', '), body])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

function bodyFields(schema: SchemaNode | undefined): string {
  if (schema?.items !== undefined && !isTuple(schema.items)) {
    return `, a list,${bodyFields(schema.items)}`;
  }
  const names = Object.keys(schema?.properties ?? {});
  return names.length === 0 ? '' : ` with ${names.map(code).join(', ')}`;
}

function answerOf(content: Content | undefined, about: string | undefined): string {
  const [first] = Object.entries(content ?? {});
  if (first === undefined) return 'none';
  const [type, { schema }] = first;
  const { properties = {} } = schema;
  if ('errorType' in properties) return 'Prometheus error: `status`, `errorType`, `error`';
  if ('requestId' in properties) return 'problem, `application/problem+json`';
  if ('code' in properties && 'message' in properties) return 'OTLP status: `code`, `message`';
  if (schema.type === 'string') {
    return `${code(type)}${about === undefined ? '' : `: ${plain(about.replace(/\.$/, ''))}`}`;
  }
  if (schema.items !== undefined && !isTuple(schema.items)) {
    return `list of ${fieldsOf(schema.items)}`;
  }
  return fieldsOf(schema);
}

/** The fields of an object, those of the objects that matter in it after a colon. */
function fieldsOf(schema: SchemaNode): string {
  return Object.entries(schema.properties ?? {})
    .map(([name, field]) => {
      if (schema.type !== 'object' || !['data', 'items', 'spans'].includes(name)) {
        return code(schema.required?.includes(name) === true ? name : `${name}?`);
      }
      return `${code(name)} (${innerOf(field)})`;
    })
    .join(', ');
}

function innerOf(field: SchemaNode): string {
  if (field.anyOf !== undefined) return [...new Set(field.anyOf.map(innerOf))].join(' or ');
  if (field.items !== undefined && !isTuple(field.items) && field.items.properties !== undefined) {
    return `list of ${fieldsOf(field.items)}`;
  }
  return field.properties === undefined ? typeOf(field) : fieldsOf(field);
}

interface Answer {
  readonly command: string;
  readonly block: string;
}

/** @throws Error when an operation has no example */
async function askAll(
  server: ExampleServer,
  paths: OpenApi['paths'],
): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [key, example] of Object.entries(HTTP_EXAMPLES)) {
    const [method = '', path = ''] = key.split(' ');
    if (paths[path]?.[method.toLowerCase()] === undefined) {
      throw new Error(`the example for ${key} has no route: remove it from http-examples.ts`);
    }
    answers.set(key, await ask(server, method, path, example));
  }
  for (const [path, methods] of Object.entries(paths)) {
    if (Object.keys(methods).some((method) => answers.has(`${method.toUpperCase()} ${path}`)))
      continue;
    if (WITHOUT_EXAMPLE.has(path)) continue;
    throw new Error(`${path} has no example: add one to http-examples.ts`);
  }
  return answers;
}

async function ask(
  server: ExampleServer,
  method: string,
  template: string,
  example: HttpExample,
): Promise<Answer> {
  const { parameters = [], body, contentType, grep, stream } = example;
  const path = template.replaceAll(
    /\{([\w*]+)\}/g,
    (_, name: string) => example.path?.[name] ?? '',
  );
  const search = new URLSearchParams(
    parameters.map(([name, value]): [string, string] => [name, value]),
  ).toString();
  const url = search === '' ? path : `${path}?${search}`;
  const command = curl(method, path, example);
  if (stream !== undefined) {
    return { command, block: fence('text', await server.askStream(url, () => stream(server))) };
  }
  const text = await server.ask(url, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
  });
  if (grep !== undefined) {
    const lines = text.split('\n').filter((line) => new RegExp(grep).test(line));
    if (lines.length === 0) throw new Error(`no line of ${path} matches ${grep}`);
    return { command, block: fence('text', lines.join('\n')) };
  }
  if (text === '') return { command, block: 'It answers without a body.' };
  return { command, block: fence('json', prettyJson(steady(JSON.parse(text)))) };
}

function curl(
  method: string,
  path: string,
  { parameters = [], body, contentType, grep, stream }: HttpExample,
): string {
  const url = `http://127.0.0.1:9000${path}`;
  const lines = [
    `curl -s${stream === undefined ? '' : 'N'}${['GET', 'POST'].includes(method) ? '' : ` -X ${method}`}${parameters.length > 0 ? ' -G' : ''} ${url}`,
    ...parameters.map(([name, value]) => `  --data-urlencode ${quoted(`${name}=${value}`)}`),
    ...(contentType === undefined ? [] : [`  -H 'Content-Type: ${contentType}'`]),
    ...(body === undefined ? [] : [`  --data-binary ${quoted(body)}`]),
  ];
  return `${lines.join(' \\\n')}${grep === undefined ? '' : ` | grep ${quoted(grep)}`}`;
}

function quoted(text: string): string {
  return /^[\w=:.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
