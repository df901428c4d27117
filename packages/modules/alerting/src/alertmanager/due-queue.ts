interface Due {
  readonly unixMs: number;
  readonly id: string;
}

/** A binary heap of moments, of equal ones the first pushed first; what was moved stays in it and is passed over when it comes up. */
export class DueQueue {
  readonly #heap: Ordered[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  peek(): Due | undefined {
    return this.#heap[0];
  }

  push(pushed: Due): void {
    const heap = this.#heap;
    const due = { ...pushed, order: this.#order++ };
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, due)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const right = heap[below + 1];
      let child = heap[below];
      if (child === undefined) break;
      if (right !== undefined && isBefore(right, child)) {
        below++;
        child = right;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
  }
}

type Ordered = Due & { readonly order: number };

function isBefore(a: Ordered, b: Ordered): boolean {
  return a.unixMs === b.unixMs ? a.order < b.order : a.unixMs < b.unixMs;
}
