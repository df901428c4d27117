import { type IncidentConfig } from './incident-config.ts';
import { type JoinReason } from './incident.ts';
import { Topology } from './topology.ts';

type LabelValues = Readonly<Record<string, string>>;

/** That an incident has an alert with something. */
interface Evidence {
  readonly fingerprint: string;
  readonly alertname: string;
  /** When it came, on the steady clock; for the region, when the incident opened. */
  readonly atMs: number;
}

/** What open incidents have, by what alerts may share with them. */
export class CorrelationIndex {
  readonly #byKey = new Map<string, Map<string, Evidence>>();

  /** @returns evidence by incident */
  find(key: string): ReadonlyMap<string, Evidence> | undefined {
    return this.#byKey.get(key);
  }

  put(key: string, incident: string, evidence: Evidence): void {
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, new Map([[incident, evidence]]));
    else known.set(incident, evidence);
  }

  /** Forgets what came before a moment, and incidents that take no more. */
  sweep(sinceMs: number, takes: (incident: string) => boolean): void {
    for (const [key, known] of this.#byKey) {
      for (const [incident, { atMs }] of known) {
        if (atMs < sinceMs || !takes(incident)) known.delete(incident);
      }
      if (known.size === 0) this.#byKey.delete(key);
    }
  }
}

/** An open incident that an alert belongs to, and why. */
export interface Match {
  readonly incident: string;
  readonly reason: JoinReason;
}

/** What incidents are looked for by. */
interface Look {
  readonly keys: readonly string[];
  readonly rule: JoinReason['rule'];
  readonly score: number;
  /** Why an alert belongs with one of that name. */
  readonly text: (alertname: string) => string;
  /** Other incidents do not count. */
  readonly only?: ReadonlySet<string>;
}

interface Candidate {
  score: number;
  atMs: number;
  rule: JoinReason['rule'];
  withFingerprint: string;
  readonly texts: string[];
}

const SCORES = { service: 40, topology: 30, perHop: 5, sharedLabel: 4, region: 1 } as const;

/**
 * Finds the incident that an alert belongs to. An incident counts when an alert with one of these
 * came to it within the window: the same service or one that depends on the other (topology), a
 * shared label with the same value, or, within the window from its opening only, the same region.
 * Alerts of two regions never belong together; one without a region goes with any. The highest score
 * wins: same service 40; a dependency 30, less 5 for each further one in between; each shared label
 * 4; the same region 1. Of equals the one with the latest alert wins. Work per alert grows with what
 * it may share, not with how many alerts there are.
 */
export class Correlator {
  readonly #config: IncidentConfig;
  readonly #topology: Topology;

  constructor(config: IncidentConfig) {
    this.#config = config;
    this.#topology = new Topology(config.topology, config.maxHops);
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** Notes in an index what an incident has by a new member. */
  note(
    index: CorrelationIndex,
    incident: { readonly id: string; readonly openedAtMs: number },
    member: { readonly fingerprint: string; readonly labels: LabelValues },
    atMs: number,
  ): void {
    const { labels, fingerprint } = member;
    const { regionLabel, serviceLabel, sharedLabels } = this.#config;
    const evidence = { fingerprint, alertname: labels['alertname'] ?? '', atMs };
    const region = labels[regionLabel] ?? '';
    const service = labels[serviceLabel] ?? '';
    const shares = sharedLabels.map((name) => [name, labels[name] ?? ''] as const);
    const things = [[serviceLabel, service] as const, ...shares];
    for (const [name, value] of things) {
      if (value === '') continue;
      index.put(keyOf(name, value, region), incident.id, evidence);
      index.put(keyOf(name, value, ANY_REGION), incident.id, evidence);
    }
    if (region === '') return;
    index.put(keyOf(regionLabel, region, region), incident.id, {
      ...evidence,
      atMs: incident.openedAtMs,
    });
  }

  /** @param indexes what there is, and what is decided on since */
  match(
    labels: LabelValues,
    options: {
      readonly indexes: readonly CorrelationIndex[];
      readonly nowMs: number;
      readonly takes: (incident: string) => boolean;
    },
  ): Match | undefined {
    const { regionLabel, serviceLabel, sharedLabels, windowMs, foldByRegion } = this.#config;
    const { indexes, nowMs, takes } = options;
    const region = labels[regionLabel] ?? '';
    const found = new Map<string, Candidate>();
    /** Each incident with one of the keys counts once, by its latest alert. */
    const look = (what: Look): boolean => {
      const latest = new Map<string, Evidence>();
      for (const key of what.keys) {
        for (const index of indexes) {
          for (const [incident, evidence] of index.find(key) ?? []) {
            if (nowMs - evidence.atMs > windowMs || !takes(incident)) continue;
            if (what.only?.has(incident) === false) continue;
            const known = latest.get(incident);
            if (known === undefined || evidence.atMs >= known.atMs) latest.set(incident, evidence);
          }
        }
      }
      for (const [incident, evidence] of latest) add(found, incident, evidence, what);
      return latest.size > 0;
    };
    const keysOf = (name: string, value: string): readonly string[] =>
      region === ''
        ? [keyOf(name, value, ANY_REGION)]
        : [keyOf(name, value, region), keyOf(name, value, '')];
    const service = labels[serviceLabel] ?? '';
    if (service !== '') {
      this.#lookAlong(service, (other, score, text) =>
        look({ keys: keysOf(serviceLabel, other), rule: 'topology', score, text }),
      );
    }
    for (const name of sharedLabels) {
      const value = labels[name] ?? '';
      if (value === '') continue;
      const text = (alertname: string): string => `same ${name} ${value} as ${alertname}`;
      look({ keys: keysOf(name, value), rule: 'shared-labels', score: SCORES.sharedLabel, text });
    }
    if (region !== '' && (foldByRegion || found.size > 0)) {
      look({
        keys: [keyOf(regionLabel, region, region)],
        rule: 'region',
        score: SCORES.region,
        text: (alertname) => `same ${regionLabel} ${region} as ${alertname}`,
        ...(foldByRegion ? {} : { only: new Set(found.keys()) }),
      });
    }
    return best(found);
  }

  /** From the service itself outward; the nearest that an incident has decides. */
  #lookAlong(
    service: string,
    look: (service: string, score: number, text: (alertname: string) => string) => boolean,
  ): void {
    let hitAt: number | undefined;
    for (const { service: other, hops, direction } of this.#topology.related(service)) {
      if (hitAt !== undefined && hops > hitAt) return;
      const score =
        hops === 0 ? SCORES.service : Math.max(1, SCORES.topology - (hops - 1) * SCORES.perHop);
      const hit = look(other, score, (alertname) => {
        if (direction === 'same') return `same service ${service} as ${alertname}`;
        const [from, to] = direction === 'upstream' ? [service, other] : [other, service];
        const way = hops === 1 ? '' : ` over ${hops} dependencies`;
        return `${from} depends on ${to}${way}, and ${alertname} is of ${other}`;
      });
      if (hit) hitAt = hops;
    }
  }
}

const ANY_REGION = '\u0000';

function add(
  found: Map<string, Candidate>,
  incident: string,
  { atMs, fingerprint, alertname }: Evidence,
  { rule, score, text }: Look,
): void {
  const known = found.get(incident);
  if (known === undefined) {
    // The first rule that speaks for it is the one it is known by: they come strongest first.
    const about = { rule, withFingerprint: fingerprint, texts: [text(alertname)] };
    found.set(incident, { score, atMs, ...about });
    return;
  }
  known.score += score;
  known.atMs = Math.max(known.atMs, atMs);
  known.texts.push(text(alertname));
}

function keyOf(name: string, value: string, region: string): string {
  return `${region}\u0001${name}\u0001${value}`;
}

function best(found: ReadonlyMap<string, Candidate>): Match | undefined {
  let top: readonly [string, Candidate] | undefined;
  for (const entry of found) {
    const [, { score, atMs }] = entry;
    if (
      top === undefined ||
      score > top[1].score ||
      (score === top[1].score && atMs > top[1].atMs)
    ) {
      top = entry;
    }
  }
  if (top === undefined) return undefined;
  const [incident, { rule, texts, withFingerprint }] = top;
  return { incident, reason: { rule, text: texts.join('; '), withFingerprint } };
}
