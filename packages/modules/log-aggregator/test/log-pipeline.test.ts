import { BackendError, type LogRecord, type LogStore, type SpanContext } from '@dwcp/core';
import { LogPipeline, type LogPipelineOptions } from '@dwcp/log-aggregator';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

interface Setup {
  readonly clock: ManualClock;
  readonly logs: LogPipeline;
  readonly stored: LogRecord[];
  fail: boolean;
  context: SpanContext | undefined;
}

function setup(options: Partial<LogPipelineOptions> = {}): Setup {
  const clock = new ManualClock();
  const stored: LogRecord[] = [];
  const append: LogStore['append'] = (records) => {
    if (state.fail) return Promise.reject(new BackendError('test', 'down', { retryable: true }));
    stored.push(...records);
    return Promise.resolve();
  };
  const state: Setup = {
    clock,
    stored,
    fail: false,
    context: undefined,
    logs: new LogPipeline({
      store: { append } as LogStore,
      clock,
      resource: { attributes: { 'service.name': 'checkout', 'cloud.region': 'eu' } },
      activeContext: () => state.context,
      ...options,
    }),
  };
  return state;
}

test('a record has its level, fields, scope, resource and the active trace', async () => {
  const state = setup();
  state.context = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    sampled: true,
    traceState: '',
  };
  state.logs.logger('cart', { tenant: 'x' }).warn('stock is low', { item: { id: 7 } });
  await state.logs.flush();
  expect(state.stored).toEqual([
    {
      timeUnixNano: state.clock.nowUnixNano(),
      observedTimeUnixNano: state.clock.nowUnixNano(),
      severityNumber: 13,
      severityText: 'WARN',
      body: 'stock is low',
      attributes: { tenant: 'x', 'item.id': 7 },
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      resource: { attributes: { 'service.name': 'checkout', 'cloud.region': 'eu' } },
      scope: { name: 'cart' },
    },
  ]);
});

test('the lowest level can be changed while running', async () => {
  const { logs, stored } = setup({ minLevel: 'info' });
  const logger = logs.logger('a').child({ part: 1 });
  logger.debug('one');
  logger.info('two');
  logs.minLevel = 'debug';
  logger.debug('three');
  logger.trace('four');
  logs.minLevel = 'fatal';
  logger.error('five');
  logger.fatal('six');
  await logs.flush();
  expect(stored.map(({ body }) => body)).toEqual(['two', 'three', 'six']);
  expect(logs.minLevel).toBe('fatal');
});

describe('fields of any kind', () => {
  const flat = async (
    fields: Readonly<Record<string, unknown>>,
    options: Partial<LogPipelineOptions> = {},
  ): Promise<LogRecord['attributes']> => {
    const { logs, stored } = setup(options);
    logs.logger('a').info('x', fields);
    await logs.flush();
    return stored[0]?.attributes ?? {};
  };

  test('become attributes', async () => {
    expect(
      await flat({
        big: 2n ** 64n,
        date: new Date(0),
        nothing: null,
        gone: undefined,
        list: [1, 2],
        mixed: [1, 'a', { b: 2 }],
        call: () => 1,
        bytes: new Uint8Array(3),
        deep: { er: { still: true } },
      }),
    ).toEqual({
      big: '18446744073709551616',
      date: '1970-01-01T00:00:00.000Z',
      nothing: 'null',
      list: [1, 2],
      'mixed.0': 1,
      'mixed.1': 'a',
      'mixed.2.b': 2,
      call: '[function]',
      bytes: '[3 bytes]',
      'deep.er.still': true,
    });
  });

  test('an error is told by type, message and stack', async () => {
    expect(await flat({ err: new TypeError('no') })).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'no',
      'exception.stacktrace': expect.stringContaining('log-pipeline.test.ts') as string,
    });
  });

  test('a cycle and a getter that throws are noted, not thrown', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const bad = {
      get value(): never {
        throw new Error('broken');
      },
    };
    expect(await flat({ cycle, bad })).toEqual({
      'cycle.self': '[circular]',
      'bad.value': '[unreadable: broken]',
    });
  });

  test('secrets do not reach the store, however deep or spelled', async () => {
    const attributes = await flat({
      headers: { Authorization: 'Bearer hunter2', 'Set-Cookie': ['hunter2'] },
      apiKey: 'hunter2',
      user: { password: { plain: 'hunter2' } },
    });
    expect(JSON.stringify(attributes)).not.toContain('hunter2');
    expect(attributes['headers.Authorization']).toBe('[redacted]');
  });

  test('what goes beyond the limits is cut and counted', async () => {
    const { logs, stored } = setup({
      limits: { attributeCount: 2, valueLength: 3, bodyLength: 4 },
    });
    logs.logger('a').info('a long message', { a: 'abcdef', b: 1, c: 2, d: { e: 3 } });
    await logs.flush();
    expect(stored[0]).toMatchObject({ body: 'a lo', attributes: { a: 'abc', b: 1 } });
    expect(logs.stats().cut).toBe(4);
  });
});

test('a full queue drops the newest record, counts it, and never throws', async () => {
  const { logs, stored } = setup({ queueCapacity: 2 });
  for (const body of ['a', 'b', 'c']) logs.logger('x').info(body);
  await logs.flush();
  expect(stored.map(({ body }) => body)).toEqual(['a', 'b']);
  expect(logs.stats()).toMatchObject({ dropped: 1, written: 2 });
});

test('records wait out a store that is down', async () => {
  const state = setup();
  state.fail = true;
  state.logs.logger('x').info('a');
  await state.clock.advance(1_000);
  expect(state.stored).toEqual([]);
  state.fail = false;
  await state.clock.advance(1_000);
  expect(state.stored).toHaveLength(1);
});

test('ingest reports a store that is down, and tells no tail of it', async () => {
  const state = setup();
  const seen: string[] = [];
  using _ = state.logs.tail({}, ({ body }) => seen.push(body));
  state.logs.logger('x').info('a');
  await state.logs.flush();
  const [record] = state.stored;
  state.fail = true;
  await expect(state.logs.ingest(record === undefined ? [] : [record])).rejects.toThrow('down');
  expect(seen).toEqual(['a']);
});

test('a tail sees what fits its filter until it is disposed', () => {
  const { logs } = setup();
  const seen: string[] = [];
  const tail = logs.tail({ text: 'card DENIED', minSeverityNumber: 13 }, ({ body }) => {
    seen.push(body);
    throw new Error('a listener that fails harms nobody');
  });
  const other = logs.tail({ service: 'elsewhere' }, ({ body }) => seen.push(body));
  logs.logger('x').warn('Card 7 was denied');
  logs.logger('x').info('Card 8 was denied');
  logs.logger('x').error('denied');
  tail[Symbol.dispose]();
  logs.logger('x').error('card 9 was denied');
  other[Symbol.dispose]();
  expect(seen).toEqual(['Card 7 was denied']);
});

describe('lines of pino', () => {
  const take = async (lines: string): Promise<readonly LogRecord[]> => {
    const { logs, stored } = setup();
    logs.pinoDestination('app').write(lines);
    await logs.flush();
    return stored;
  };

  test('keep a message that is no text', async () => {
    const records = await take('{"level":30,"msg":{"a":1}}\n{"level":30,"msg":7}\n{"level":30}\n');
    expect(records.map(({ body }) => body)).toEqual(['{"a":1}', '7', '']);
  });

  test('become records with level, time, trace and error', async () => {
    const [record] = await take(
      `${JSON.stringify({
        level: 50,
        time: 1_700_000_000_123,
        pid: 4,
        hostname: 'h',
        msg: 'failed',
        trace_id: 'a'.repeat(32),
        span_id: 'b'.repeat(16),
        req: { method: 'GET', headers: { cookie: 'hunter2' } },
        err: { type: 'Error', message: 'no', stack: 'Error: no\n  at x' },
      })}\n`,
    );
    expect(record).toMatchObject({
      timeUnixNano: 1_700_000_000_123_000_000n,
      severityText: 'ERROR',
      body: 'failed',
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      scope: { name: 'app' },
      attributes: {
        'process.pid': 4,
        'host.name': 'h',
        'req.method': 'GET',
        'req.headers.cookie': '[redacted]',
        'exception.type': 'Error',
        'exception.message': 'no',
      },
    });
  });

  test.each([
    [10, 'TRACE'],
    [20, 'DEBUG'],
    [30, 'INFO'],
    [35, 'INFO'],
    [40, 'WARN'],
    [60, 'FATAL'],
  ])('level %d is %s', async (level, text) => {
    const [record] = await take(`${JSON.stringify({ level, msg: 'x' })}\n`);
    expect(record?.severityText).toBe(text);
  });

  test('a line that is no JSON is kept as it is', async () => {
    const records = await take('Segmentation fault\n{"broken": \n');
    expect(records.map(({ body }) => body)).toEqual(['Segmentation fault', '{"broken": ']);
  });
});

test('whatever a logger is told, the host does not notice', async () => {
  const { logs, stored } = setup({
    activeContext: () => {
      throw new Error('no context today');
    },
  });
  const logger = logs.logger('x', { bound: 1, both: 'bound' });
  const noKeys = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no names');
      },
    },
  );
  const throwing = {
    both: 'own',
    get top(): never {
      throw new Error('broken');
    },
    toText: Object.create(null) as unknown,
    json: {
      toJSON: (): never => {
        throw new Error('no JSON');
      },
    },
  };
  logger.info('getter', throwing);
  logger.info('proxy', { noKeys });
  logger.info('proxy itself', noKeys);
  logger.info(undefined as never, null as never);
  logger.info(Object.create(null) as never);
  await logs.flush();
  expect(stored.map(({ body }) => body)).toEqual([
    'getter',
    'proxy',
    'proxy itself',
    'undefined',
    'object',
  ]);
  expect(stored[0]?.attributes).toEqual({
    bound: 1,
    both: 'own',
    top: '[unreadable: broken]',
    json: '[unreadable: no JSON]',
  });
  expect(stored[1]?.attributes['noKeys']).toBe('[unreadable: no names]');
  expect(stored[2]?.attributes).toEqual({ bound: 1, both: 'bound' });
});

test('what is not logged is not looked at', () => {
  const { logs } = setup({ minLevel: 'warn' });
  let looked = 0;
  const fields = {
    get costly(): number {
      return ++looked;
    },
  };
  logs.logger('x').info('quiet', fields);
  logs.logger('x').warn('loud', fields);
  expect(looked).toBe(1);
});

test('maps, sets, URLs and long arrays become attributes of bounded size', async () => {
  const { logs, stored } = setup({ limits: { valueLength: 11, nameLength: 5 } });
  logs.logger('x').info('y', {
    map: new Map([['a', 1]]),
    set: new Set(['b', 2]),
    url: new URL('http://a.b'),
    list: Array.from({ length: 1_000_000 }, () => 12),
    longname: 'abcdefghij💡',
  });
  await logs.flush();
  expect(stored[0]?.attributes).toEqual({
    'map.a': 1,
    'set.0': 'b',
    'set.1': 2,
    url: 'http://a.b/',
    list: [12, 12, 12],
    longn: 'abcdefghij',
  });
  expect(logs.stats().cut).toBe(2);
});

test('a level by name is read, a time no store can keep is not', async () => {
  const { clock, logs, stored } = setup();
  const destination = logs.pinoDestination();
  destination.write('{"level":"error","time":1e300,"msg":"a"}\n');
  destination.write('{"level":"loud","time":"2026-01-02T03:04:05.678Z","msg":"b"}\n');
  await logs.flush();
  expect(stored).toMatchObject([
    { severityText: 'ERROR', timeUnixNano: clock.nowUnixNano() },
    { severityText: 'INFO', timeUnixNano: 1_767_323_045_678_000_000n },
  ]);
});

test('an array changed after the call is stored as it was', async () => {
  const { logs, stored } = setup();
  const ids: unknown[] = [1, 2];
  logs.logger('a').info('took', { ids });
  ids.push({ not: 'a number' });
  await logs.flush();
  expect(stored[0]?.attributes).toEqual({ ids: [1, 2] });
});
