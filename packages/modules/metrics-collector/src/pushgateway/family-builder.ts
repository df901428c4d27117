import { PushError } from './push-error.ts';
import {
  type LabelPair,
  type PushMetric,
  type PushMetricType,
  type PushPoint,
} from './push-group.ts';

/** A family as it was read, before it belongs to a group. */
export interface ReadFamily {
  readonly name: string;
  readonly type: PushMetricType;
  readonly help: string;
  readonly metrics: readonly PushMetric[];
}

interface Draft {
  readonly labels: readonly LabelPair[];
  readonly points: PushPoint[];
  sum: number | undefined;
  count: number | undefined;
}

/** Which part of a histogram or summary a sample is. */
export type Part = 'value' | 'point' | 'sum' | 'count';

/**
 * Puts the samples of one family together. What Pushgateway would drop or write out twice without a
 * word (a summary's value without a quantile, a bucket that occurs twice) is refused instead.
 */
export class FamilyBuilder {
  readonly name: string;
  readonly type: PushMetricType;
  readonly #values: PushMetric[] = [];
  readonly #drafts = new Map<string, Draft>();

  constructor(name: string, type: PushMetricType) {
    this.name = name;
    this.type = type;
  }

  get isComposite(): boolean {
    return this.type === 'histogram' || this.type === 'summary';
  }

  /** The label that tells the points of a composite metric apart. */
  get boundLabel(): 'le' | 'quantile' {
    return this.type === 'histogram' ? 'le' : 'quantile';
  }

  addValue(labels: readonly LabelPair[], value: number): void {
    this.#values.push({ labels, value });
  }

  /**
   * @param labels without `le` or `quantile`
   * @param line for the error
   */
  addPoint(labels: readonly LabelPair[], bound: number, value: number, line: number): void {
    const { points } = this.#draft(labels);
    if (points.some(([other]) => other === bound)) {
      throw textError(line, `second ${this.boundLabel}="${bound}" of one metric ${this.name}`);
    }
    points.push([bound, value]);
  }

  addTotal(labels: readonly LabelPair[], part: 'sum' | 'count', value: number, line: number): void {
    const draft = this.#draft(labels);
    if (draft[part] !== undefined)
      throw textError(line, `second ${this.name}_${part} of one metric`);
    draft[part] = value;
  }

  finish(help: string): ReadFamily {
    const { name, type } = this;
    const metrics = [...this.#drafts.values()].map(({ labels, points, sum = 0, count = 0 }) => {
      return { labels, points: points.toSorted(([a], [b]) => a - b), sum, count };
    });
    return { name, type, help, metrics: [...this.#values, ...metrics] };
  }

  #draft(labels: readonly LabelPair[]): Draft {
    const key = JSON.stringify(labels);
    let draft = this.#drafts.get(key);
    if (draft === undefined) {
      draft = { labels, points: [], sum: undefined, count: undefined };
      this.#drafts.set(key, draft);
    }
    return draft;
  }
}

/** What is wrong with a text body, in Pushgateway's form. */
export function textError(line: number, reason: string, options?: ErrorOptions): PushError {
  const message = `text format parsing error in line ${line}: ${reason}`;
  return new PushError('malformed', message, options);
}
