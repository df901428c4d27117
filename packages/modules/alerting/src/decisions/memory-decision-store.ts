import {
  BackendError,
  type DecisionPage,
  type DecisionQuery,
  type DecisionRecord,
  type DecisionStore,
  type DecisionStoreStats,
  InvalidInputError,
} from '@dwcp/core';

interface Entry {
  readonly id: number;
  readonly text: string;
  readonly record: DecisionRecord;
}

const MAX_LIMIT = 10_000;

/** Keeps decisions as long as the process lives. For tests, and where nothing need survive. */
export class MemoryDecisionStore implements DecisionStore {
  readonly #maxRecords: number;
  readonly #entries = new Map<string, Entry>();
  #lastId = 0;
  #droppedRecords = 0;
  #closed = false;

  /** @param options.maxRecords above so many the oldest go; default 100,000 */
  constructor(options: { readonly maxRecords?: number } = {}) {
    this.#maxRecords = options.maxRecords ?? 100_000;
  }

  async put(records: readonly DecisionRecord[]): Promise<void> {
    this.#checkOpen();
    for (const [i, { unixMs, lastUnixMs }] of records.entries()) {
      if (Number.isSafeInteger(unixMs) && Number.isSafeInteger(lastUnixMs)) continue;
      throw new InvalidInputError(
        `records[${i}].unixMs`,
        `${unixMs} or lastUnixMs ${lastUnixMs} is no whole number of milliseconds`,
      );
    }
    for (const record of records) {
      const key = JSON.stringify([record.subject, record.topic, record.unixMs]);
      const id = this.#entries.get(key)?.id ?? ++this.#lastId;
      this.#entries.set(key, { id, text: JSON.stringify(record), record });
    }
    const over = this.#entries.size - this.#maxRecords;
    if (over <= 0) return;
    const oldest = [...this.#entries].sort(
      ([, a], [, b]) => a.record.lastUnixMs - b.record.lastUnixMs || a.id - b.id,
    );
    for (const [key] of oldest.slice(0, over)) this.#entries.delete(key);
    this.#droppedRecords += over;
  }

  async search(query: DecisionQuery): Promise<DecisionPage> {
    this.#checkOpen();
    const { limit, order = 'newest-first' } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new InvalidInputError(
        'limit',
        `must be a whole number from 1 to ${MAX_LIMIT}, got ${limit}`,
      );
    }
    const sign = order === 'newest-first' ? -1 : 1;
    const compare = (a: Position, b: Position): number =>
      sign * (a.unixMs - b.unixMs || a.id - b.id);
    const after = query.cursor === undefined ? undefined : positionOf(order, query.cursor);
    const found = [...this.#entries.values()]
      .filter(({ record }) => matches(record, query))
      .map(({ id, text, record: { unixMs } }) => ({ id, text, unixMs }))
      .filter((entry) => after === undefined || compare(entry, after) > 0)
      .sort(compare);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      records: page.map(({ text }) => JSON.parse(text) as DecisionRecord),
      nextCursor:
        last === undefined || found.length === page.length
          ? undefined
          : Buffer.from(`${order}:${last.unixMs}:${last.id}`).toString('base64url'),
    };
  }

  async inForce(subject: string, unixMs: number): Promise<readonly DecisionRecord[]> {
    this.#checkOpen();
    const byTopic = new Map<string, DecisionRecord>();
    for (const { record } of this.#entries.values()) {
      if (record.subject !== subject || record.unixMs > unixMs) continue;
      const known = byTopic.get(record.topic);
      if (known === undefined || known.unixMs < record.unixMs) byTopic.set(record.topic, record);
    }
    return [...byTopic.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  async deleteBefore(unixMs: number): Promise<number> {
    this.#checkOpen();
    let deleted = 0;
    for (const [key, { record }] of this.#entries) {
      if (record.lastUnixMs >= unixMs) continue;
      this.#entries.delete(key);
      deleted++;
    }
    return deleted;
  }

  stats(): DecisionStoreStats {
    let sizeBytes = 0;
    for (const { text } of this.#entries.values()) sizeBytes += text.length;
    return { recordCount: this.#entries.size, sizeBytes, droppedRecords: this.#droppedRecords };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    throw new BackendError('decision-store', 'is closed', { retryable: false });
  }
}

interface Position {
  readonly unixMs: number;
  readonly id: number;
}

function positionOf(order: string, cursor: string): Position {
  const text = Buffer.from(cursor.slice(0, 200), 'base64url').toString('latin1');
  const match = /^([a-z-]+):(-?\d{1,16}):(\d{1,16})$/.exec(text);
  if (match === null || match[1] !== order) {
    throw new InvalidInputError(
      'cursor',
      `${JSON.stringify(cursor.slice(0, 100))} is no cursor of this list; ` +
        'use the nextCursor of an earlier page of the same query, or none',
    );
  }
  return { unixMs: Number(match[2]), id: Number(match[3]) };
}

function matches(record: DecisionRecord, query: DecisionQuery): boolean {
  const { subjects, alertName, kinds, labels = {} } = query;
  return (
    record.lastUnixMs >= query.startUnixMs &&
    record.unixMs < query.endUnixMs &&
    (subjects === undefined || subjects.includes(record.subject)) &&
    (alertName === undefined || record.alertName === alertName) &&
    (kinds === undefined || kinds.includes(record.decision.kind)) &&
    Object.entries(labels).every(([name, value]) => record.labels[name] === value)
  );
}
