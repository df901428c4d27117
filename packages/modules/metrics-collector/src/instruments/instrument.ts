import {
  type Clock,
  type LabelValues,
  type MetricMetadata,
  type SampleBatchBuilder,
} from '@dwcp/core';

import { type Cell, type ExtraLabels, type SampleShape } from './cell.ts';
import { Refused, type RejectionReason, type Rejections } from './rejections.ts';

/** What every instrument of a registry shares. */
export interface InstrumentContext {
  readonly clock: Clock;
  readonly rejections: Rejections;
  /** Label sets one instrument may have. */
  readonly maxLabelSets: number;
}

/** A metric family: what is exposed and collected, whatever kind of instrument stands behind it. */
export interface InstrumentFamily {
  readonly metadata: MetricMetadata;
  readonly shape: readonly SampleShape[];
  cells(): Iterable<Cell>;
}

/** In UTF-16 units; a label value is an identity, not a text. */
const MAX_LABEL_VALUE_LENGTH = 1_024;

/** A node of the tree of label values, one level per label name. */
class LabelNode<C> {
  readonly children = new Map<string, LabelNode<C>>();
  cell: C | undefined;
}

/** Finds, makes and forgets the cells of one instrument. */
export abstract class Instrument<C extends Cell> implements InstrumentFamily {
  readonly metadata: MetricMetadata;
  readonly shape: readonly SampleShape[];
  readonly labelNames: readonly string[];
  protected readonly context: InstrumentContext;
  readonly #root = new LabelNode<C>();
  readonly #cells = new Set<C>();

  constructor(
    metadata: MetricMetadata,
    shape: readonly SampleShape[],
    labelNames: readonly string[],
    context: InstrumentContext,
  ) {
    this.metadata = metadata;
    this.shape = shape;
    this.labelNames = labelNames;
    this.context = context;
  }

  protected abstract makeCell(labelValues: LabelValues): C;

  /**
   * The bound instrument of a label set, the same object each time; keep it on hot paths. With
   * wrong label names or beyond the limit of label sets: one that refuses and counts.
   */
  labels(values: LabelValues): C | Refused {
    const { labelNames } = this;
    if (typeof values !== 'object' || values === null) return this.#refuse('wrong_labels');
    let given = 0;
    for (const _ in values) given++;
    if (given !== labelNames.length) return this.#refuse('wrong_labels');
    let node: LabelNode<C> | undefined = this.#root;
    for (const name of labelNames) {
      const value = values[name];
      node = typeof value === 'string' ? node.children.get(value) : undefined;
      if (node === undefined) return this.#make(values);
    }
    return node.cell ?? this.#make(values);
  }

  /** Forgets a label set. One still held goes on taking values that nobody sees. */
  remove(values: LabelValues): void {
    const found = this.labels(values);
    if (found instanceof Refused || !this.#cells.delete(found)) return;
    const path: LabelNode<C>[] = [this.#root];
    for (const name of this.labelNames) {
      const next = path.at(-1)?.children.get(found.labelValues[name] ?? '');
      if (next !== undefined) path.push(next);
    }
    const leaf = path.at(-1);
    if (leaf !== undefined) leaf.cell = undefined;
    for (let depth = path.length - 1; depth > 0; depth--) {
      if ((path[depth]?.children.size ?? 1) > 0) break;
      const name = this.labelNames[depth - 1] ?? '';
      path[depth - 1]?.children.delete(found.labelValues[name] ?? '');
    }
  }

  cells(): Iterable<C> {
    return this.#cells;
  }

  /** The cell of an instrument without labels; one with labels refuses. */
  protected unbound(): C | Refused {
    return this.labelNames.length === 0 ? this.labels({}) : this.#refuse('wrong_labels');
  }

  protected readonly reject = (reason: RejectionReason): void =>
    this.context.rejections.count(this.metadata.name, reason);

  #refuse(reason: RejectionReason): Refused {
    return new Refused(this.context.rejections, this.metadata.name, reason);
  }

  #make(values: LabelValues): C | Refused {
    const own: Record<string, string> = {};
    for (const name of this.labelNames) {
      const value: unknown = values[name];
      // A number or boolean is what JavaScript callers pass for a status code or a flag.
      if (typeof value === 'number' || typeof value === 'boolean') own[name] = String(value);
      else if (typeof value === 'string') own[name] = value;
      else return this.#refuse('wrong_labels');
      if ((own[name] ?? '').length > MAX_LABEL_VALUE_LENGTH) {
        return this.#refuse('label_value_too_long');
      }
    }
    let node = this.#find(own);
    if (node?.cell !== undefined) return node.cell;
    if (this.#cells.size >= this.context.maxLabelSets) return this.#refuse('too_many_label_sets');
    node ??= this.#grow(own);
    const cell = this.makeCell(own);
    node.cell = cell;
    this.#cells.add(cell);
    return cell;
  }

  #find(own: LabelValues): LabelNode<C> | undefined {
    let node: LabelNode<C> | undefined = this.#root;
    for (const name of this.labelNames) node = node?.children.get(own[name] ?? '');
    return node;
  }

  #grow(own: LabelValues): LabelNode<C> {
    let node = this.#root;
    for (const name of this.labelNames) {
      const value = own[name] ?? '';
      let next = node.children.get(value);
      if (next === undefined) node.children.set(value, (next = new LabelNode<C>()));
      node = next;
    }
    return node;
  }
}

/** Adds the current values of a family to a batch, `out` being scratch space for one cell. */
export function collectFamily(
  family: InstrumentFamily,
  into: SampleBatchBuilder,
  unixMs: number,
  extra: ExtraLabels,
  out: Float64Array,
): void {
  const { shape, metadata } = family;
  for (const cell of family.cells()) {
    const series = cell.series(metadata.name, shape, extra);
    cell.fill(out);
    for (let i = 0; i < series.length; i++) {
      const labels = series[i];
      if (labels !== undefined) into.add(labels, unixMs, out[i] ?? Number.NaN);
    }
    const native = cell.native();
    if (native !== undefined) into.addHistogram(cell.nativeSeries, unixMs, native);
  }
}
