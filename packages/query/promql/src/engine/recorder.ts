import { type Clock, type QueryNodeStats, type QueryStats } from '@dwcp/core';

import { type Expression } from '../parser/ast.ts';
import { printExpression } from '../parser/printer.ts';
import { type Column, type ColumnSink, type RangeStream } from './values.ts';

/** What one node has cost so far. */
export class NodeRecord {
  readonly node: Expression;
  readonly parent: NodeRecord | undefined;
  readonly children: NodeRecord[] = [];
  durationMs = 0;
  seriesCount = 0;
  samplesRead = 0;

  constructor(node: Expression, parent: NodeRecord | undefined) {
    this.node = node;
    this.parent = parent;
    parent?.children.push(this);
  }

  get stats(): QueryNodeStats {
    const { children, durationMs, node, samplesRead, seriesCount } = this;
    return {
      expression: printExpression(node),
      kind: node.kind,
      durationMs,
      seriesCount,
      samplesRead,
      children: children.map(({ stats }) => stats),
    };
  }
}

/**
 * Measures what the nodes of one query cost. Series flow from node to node, so the time goes to
 * whichever node is at work at the moment.
 */
export class QueryRecorder {
  readonly #clock: Clock;
  readonly #startMs: number;
  #sinceMs: number;
  #current: NodeRecord | undefined;
  #root: NodeRecord | undefined;
  #seriesRead = 0;
  #samplesRead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#sinceMs = this.#startMs;
  }

  stats({ peakSamples, steps }: Pick<QueryStats, 'peakSamples' | 'steps'>): QueryStats {
    return {
      durationMs: this.#clock.monotonicMs() - this.#startMs,
      seriesRead: this.#seriesRead,
      samplesRead: this.#samplesRead,
      peakSamples,
      cachedSteps: 0,
      steps,
      onWorker: false,
      ...(this.#root === undefined ? {} : { root: this.#root.stats }),
    };
  }

  /** A series was read from the store, for the node at work. */
  read(samples: number): void {
    this.#seriesRead++;
    this.#samplesRead += samples;
    if (this.#current !== undefined) this.#current.samplesRead += samples;
  }

  enter(node: Expression): NodeRecord {
    const record = new NodeRecord(node, this.#current);
    this.#root ??= record;
    this.switchTo(record);
    return record;
  }

  leave({ parent }: NodeRecord): void {
    this.switchTo(parent);
  }

  /** From now on the time is another node's. */
  switchTo(record: NodeRecord | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#current !== undefined) this.#current.durationMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    this.#current = record;
  }

  /** A sink whose own work is not counted as that of the node that feeds it. */
  between(record: NodeRecord, sink: ColumnSink): ColumnSink {
    return {
      keepsColumns: sink.keepsColumns,
      add: (column: Column) => {
        record.seriesCount++;
        this.switchTo(record.parent);
        sink.add(column);
        this.switchTo(record);
      },
    };
  }

  /** The same stream, its node at work while it is read. */
  watching(node: Expression, stream: RangeStream): RangeStream {
    const each: RangeStream['each'] = async (visit) => {
      const record = this.enter(node);
      try {
        await stream.each((series) => {
          record.seriesCount++;
          this.switchTo(record.parent);
          const done = visit(series);
          if (done !== undefined) return done.then(() => this.switchTo(record));
          this.switchTo(record);
          return undefined;
        });
      } finally {
        this.leave(record);
      }
    };
    return { ...stream, each };
  }
}
