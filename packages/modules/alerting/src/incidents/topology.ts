/** A service, and over how many dependencies in a row it is reached. */
export interface RelatedService {
  readonly service: string;
  readonly hops: number;
  /** `upstream`: the other is a dependency; `downstream`: the other depends on it. */
  readonly direction: 'same' | 'upstream' | 'downstream';
}

/** No more related services than this are looked at for one. */
const MAX_RELATED = 1_000;

/** Which services depend on which, over a few dependencies in a row. Cycles do no harm. */
export class Topology {
  readonly #dependencies: ReadonlyMap<string, readonly string[]>;
  readonly #dependents: ReadonlyMap<string, readonly string[]>;
  readonly #maxHops: number;
  readonly #related = new Map<string, readonly RelatedService[]>();

  constructor(dependencies: Readonly<Record<string, readonly string[]>>, maxHops: number) {
    this.#maxHops = maxHops;
    this.#dependencies = new Map(Object.entries(dependencies));
    const dependents = new Map<string, string[]>();
    for (const [service, needed] of this.#dependencies) {
      for (const name of needed) {
        const others = dependents.get(name);
        if (others === undefined) dependents.set(name, [service]);
        else others.push(service);
      }
    }
    this.#dependents = dependents;
  }

  /** The service itself, then what it depends on and what depends on it, nearest first. */
  related(service: string): readonly RelatedService[] {
    const known = this.#related.get(service);
    if (known !== undefined) return known;
    const found: RelatedService[] = [
      ...this.#walk(service, this.#dependencies, 'upstream'),
      ...this.#walk(service, this.#dependents, 'downstream'),
    ].sort((a, b) => a.hops - b.hops);
    const related = [{ service, hops: 0, direction: 'same' } as const, ...found].slice(
      0,
      MAX_RELATED,
    );
    // Only services of the configuration are remembered: label values have no bound.
    if (found.length > 0) this.#related.set(service, related);
    return related;
  }

  /** Services that it depends on. */
  upstream(service: string): readonly string[] {
    return this.related(service)
      .filter(({ direction }) => direction === 'upstream')
      .map((related) => related.service);
  }

  #walk(
    from: string,
    edges: ReadonlyMap<string, readonly string[]>,
    direction: 'upstream' | 'downstream',
  ): readonly RelatedService[] {
    const seen = new Set([from]);
    const found: RelatedService[] = [];
    let level: readonly string[] = [from];
    for (let hops = 1; hops <= this.#maxHops && found.length < MAX_RELATED; hops++) {
      const next: string[] = [];
      for (const service of level.flatMap((name) => edges.get(name) ?? [])) {
        if (seen.has(service)) continue;
        seen.add(service);
        next.push(service);
        found.push({ service, hops, direction });
      }
      level = next;
    }
    return found;
  }
}
