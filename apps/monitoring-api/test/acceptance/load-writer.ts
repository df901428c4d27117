import { setTimeout as pause } from 'node:timers/promises';

/** The signals a server takes in. */
export type Signal = 'samples' | 'spans' | 'logs';

interface Endpoint {
  readonly path: string;
  readonly contentType: string;
  body(sequences: readonly number[]): string;
  /** All sequence numbers stored, repeats included. */
  stored(url: string, newest: number): Promise<readonly number[]>;
}

const BATCH = 200;

/**
 * Writes numbered items of one signal as fast as the server acknowledges them, and afterwards looks
 * whether every acknowledged one is there, once.
 */
export class LoadWriter {
  readonly signal: Signal;
  readonly #url: string;
  readonly #acknowledged = new Set<number>();
  #next = 1;

  constructor(signal: Signal, url: string) {
    this.signal = signal;
    this.#url = url;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /**
   * Writes until told to stop, or until the server is gone. What got no answer counts as nothing.
   * @param options.pauseMs between two writes; by default there is none
   */
  async run(stop: AbortSignal, options: { readonly pauseMs?: number } = {}): Promise<void> {
    const endpoint = endpoints[this.signal];
    while (!stop.aborted) {
      const sequences = Array.from({ length: BATCH }, (_, i) => this.#next + i);
      this.#next += BATCH;
      try {
        const response = await fetch(`${this.#url}${endpoint.path}`, {
          method: 'POST',
          headers: { 'content-type': endpoint.contentType },
          body: endpoint.body(sequences),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${endpoint.path}: ${response.status} ${text}`);
        for (const sequence of sequences) this.#acknowledged.add(sequence);
        if (options.pauseMs !== undefined) await pause(options.pauseMs);
      } catch (error) {
        // A broken connection is the kill itself; an answer that refuses is a failure of the test.
        if (error instanceof TypeError) return;
        throw error;
      }
    }
  }

  async missingAndDoubled(): Promise<{ readonly missing: number; readonly doubled: number }> {
    const stored = await endpoints[this.signal].stored(this.#url, this.#next);
    const distinct = new Set(stored);
    return {
      missing: [...this.#acknowledged].filter((sequence) => !distinct.has(sequence)).length,
      doubled: stored.length - distinct.size,
    };
  }
}

const startMs = Date.now() - 1_800_000;
const nanoOf = (sequence: number): string => `${BigInt(startMs + sequence) * 1_000_000n}`;
const resource = {
  attributes: [{ key: 'service.name', value: { stringValue: 'load' } }],
};

const endpoints: Readonly<Record<Signal, Endpoint>> = {
  samples: {
    path: '/api/v1/import/prometheus',
    contentType: 'text/plain',
    body: (sequences) => sequences.map((n) => `load_sequence ${n} ${startMs + n}\n`).join(''),
    async stored(url, newest) {
      const response = await fetch(
        `${url}/api/v1/query?${new URLSearchParams({
          query: 'load_sequence[1h]',
          time: String((startMs + newest) / 1_000),
        }).toString()}`,
      );
      const { data } = (await response.json()) as {
        readonly data: { readonly result: readonly { readonly values: [number, string][] }[] };
      };
      return data.result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
    },
  },
  spans: {
    path: '/v1/traces',
    contentType: 'application/json',
    body: (sequences) =>
      JSON.stringify({
        resourceSpans: [
          {
            resource,
            scopeSpans: [
              {
                scope: { name: 'load' },
                spans: sequences.map((n) => ({
                  traceId: n.toString(16).padStart(32, '0'),
                  spanId: n.toString(16).padStart(16, '0'),
                  name: 'load',
                  kind: 1,
                  startTimeUnixNano: nanoOf(n),
                  endTimeUnixNano: nanoOf(n),
                })),
              },
            ],
          },
        ],
      }),
    stored: (url) =>
      pages<{ traceId: string }, number>(url, '/api/v1/traces', ({ traceId }) =>
        Number.parseInt(traceId, 16),
      ),
  },
  logs: {
    path: '/v1/logs',
    contentType: 'application/json',
    body: (sequences) =>
      JSON.stringify({
        resourceLogs: [
          {
            resource,
            scopeLogs: [
              {
                scope: { name: 'load' },
                logRecords: sequences.map((n) => ({
                  timeUnixNano: nanoOf(n),
                  severityNumber: 9,
                  severityText: 'INFO',
                  body: { stringValue: `line ${n}` },
                })),
              },
            ],
          },
        ],
      }),
    stored: (url) =>
      pages<{ body: string }, number>(url, '/api/v1/logs', ({ body }) =>
        Number(body.slice('line '.length)),
      ),
  },
};

/** All items of a list of service `load`, page by page. */
async function pages<Item, Result>(
  url: string,
  path: string,
  read: (item: Item) => Result,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let cursor: string | null = null;
  do {
    const parameters = new URLSearchParams({
      service: 'load',
      start: String(startMs / 1_000 - 60),
      end: String(startMs / 1_000 + 7_200),
      limit: '1000',
      ...(cursor === null ? {} : { cursor }),
    });
    const response = await fetch(`${url}${path}?${parameters.toString()}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as { items: Item[]; nextCursor: string | null };
    results.push(...page.items.map(read));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return results;
}
