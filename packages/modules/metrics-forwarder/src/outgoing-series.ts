import { Labels, METRIC_NAME } from '@dwcp/core';

/** A series as it is sent. */
export class OutgoingSeries {
  readonly labels: Labels;
  /** Unsigned, of the labels. */
  readonly hash: number;
  /** Where a batch that is being encoded keeps this series: scratch space. */
  group = -1;
  groupToken = 0;

  constructor(labels: Labels) {
    this.labels = labels;
    this.hash = fnv1a(labels.key);
  }
}

/** Why no sample of a series is sent. */
export type SeriesDropReason = 'relabel' | 'relabel_failed' | 'no_name';

/**
 * Series as they come to series as they go: external labels, then relabeling. Keeps what it found
 * for a bounded number of series; those not asked for longest are worked out again.
 */
export class SeriesCache {
  readonly #relabel: (labels: Labels) => Labels | undefined;
  readonly #external: Labels;
  readonly #maxSize: number;
  // Two generations: the older one goes when the younger is full, except for what was asked again.
  #young = new Map<string, OutgoingSeries | SeriesDropReason>();
  #old = new Map<string, OutgoingSeries | SeriesDropReason>();
  // By the labels that are sent: two series that relabeling makes one must stay in one order.
  #youngSent = new Map<string, OutgoingSeries>();
  #oldSent = new Map<string, OutgoingSeries>();

  constructor(options: {
    readonly relabel: ((labels: Labels) => Labels | undefined) | undefined;
    readonly externalLabels: Labels;
    readonly maxSize: number;
  }) {
    this.#relabel = options.relabel ?? ((labels) => labels);
    this.#external = options.externalLabels;
    this.#maxSize = options.maxSize;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(labels: Labels): OutgoingSeries | SeriesDropReason {
    const { key } = labels;
    const known = this.#young.get(key);
    if (known !== undefined) return known;
    if (this.#young.size >= Math.ceil(this.#maxSize / 2)) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#oldSent = this.#youngSent;
      this.#youngSent = new Map();
    }
    const found = this.#old.get(key) ?? this.#make(labels);
    this.#young.set(key, found);
    if (typeof found !== 'string') this.#youngSent.set(found.labels.key, found);
    return found;
  }

  #make(labels: Labels): OutgoingSeries | SeriesDropReason {
    let sent: Labels | undefined;
    try {
      sent = this.#relabel(withExternal(labels, this.#external));
    } catch {
      return 'relabel_failed';
    }
    if (sent === undefined || sent.size === 0) return 'relabel';
    if (!sent.has(METRIC_NAME)) return 'no_name';
    const { key } = sent;
    return this.#youngSent.get(key) ?? this.#oldSent.get(key) ?? new OutgoingSeries(sent);
  }
}

function withExternal(labels: Labels, external: Labels): Labels {
  if (external.size === 0) return labels;
  return Labels.fromPairs([...external, ...labels]);
}

/** @see http://www.isthe.com/chongo/tech/comp/fnv/ 32 bits, variant 1a, over UTF-16 units */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // The low bits of FNV follow the last characters closely, and shards are taken from them.
  return (hash ^ (hash >>> 15)) >>> 0;
}
