import { type PostableAlert } from '../alertmanager/alerts.ts';
import { slicesOf } from '../record-store.ts';

interface EpisodeTimes {
  readonly fingerprint: string;
  readonly startsAtUnixMs: number;
  /** Until when it fires if nothing is heard of it. */
  readonly endsAtUnixMs: number;
}

/** One time that an alert fires, as far as the intake must remember it. */
export type Episode = EpisodeTimes &
  (
    | { readonly kind: 'passed' }
    /** Nobody was told: another of its identity passed shortly before. */
    | { readonly kind: 'held'; readonly identity: string; readonly alert: PostableAlert }
    /** By hand; stays over until its condition ended and came again. */
    | {
        readonly kind: 'resolved';
        readonly atUnixMs: number;
        readonly by: string;
        readonly comment: string;
      }
    | { readonly kind: 'manual'; readonly by: string; readonly alert: PostableAlert }
  );

/** Until when alerts of an identity are held; the end is of the steady clock. */
export interface DedupWindow {
  readonly identity: string;
  readonly endsUnixMs: number;
  readonly windowMs: number;
}

/** One change of the intake's state, in JSON. Everything in it holds, or nothing does. */
export interface IntakeRecord {
  readonly windows?: readonly DedupWindow[];
  readonly closedWindows?: readonly string[];
  readonly episodes?: readonly Episode[];
  /** Fingerprints of episodes that are over. */
  readonly ended?: readonly string[];
  /** New ends by fingerprint. */
  readonly extended?: Readonly<Record<string, number>>;
  /** Alerts to hand on, by fingerprint. */
  readonly pending?: Readonly<Record<string, PostableAlert>>;
  /** Fingerprints of those that were taken. */
  readonly taken?: readonly string[];
}

/** What the intake knows; changes only by records, so that reading them again gives the same. */
export class IntakeState {
  readonly episodes = new Map<string, Episode>();
  readonly windows = new Map<string, DedupWindow>();
  /** Fingerprints of the held alerts by identity. */
  readonly held = new Map<string, Set<string>>();
  readonly pending = new Map<string, PostableAlert>();
  heldCount = 0;
  manualCount = 0;

  apply(record: IntakeRecord): void {
    for (const identity of record.closedWindows ?? []) this.windows.delete(identity);
    for (const window of record.windows ?? []) this.windows.set(window.identity, window);
    for (const fingerprint of record.ended ?? []) this.#end(fingerprint);
    for (const episode of record.episodes ?? []) this.#put(episode);
    for (const [fingerprint, endsAtUnixMs] of Object.entries(record.extended ?? {})) {
      const episode = this.episodes.get(fingerprint);
      if (episode !== undefined) this.episodes.set(fingerprint, { ...episode, endsAtUnixMs });
    }
    for (const [fingerprint, alert] of Object.entries(record.pending ?? {})) {
      // The newest word on an alert is the last to be handed on.
      this.pending.delete(fingerprint);
      this.pending.set(fingerprint, alert);
    }
    for (const fingerprint of record.taken ?? []) this.pending.delete(fingerprint);
  }

  /** Records that give this state when they are applied to an empty one. */
  snapshot(): readonly IntakeRecord[] {
    return [
      ...slicesOf([...this.windows.values()]).map((windows) => ({ windows })),
      ...slicesOf([...this.episodes.values()]).map((episodes) => ({ episodes })),
      ...slicesOf([...this.pending]).map((pending) => ({ pending: Object.fromEntries(pending) })),
    ];
  }

  #put(episode: Episode): void {
    this.#end(episode.fingerprint);
    this.episodes.set(episode.fingerprint, episode);
    if (episode.kind === 'manual' || episode.kind === 'resolved') this.manualCount++;
    if (episode.kind !== 'held') return;
    this.heldCount++;
    const alike = this.held.get(episode.identity);
    if (alike === undefined) this.held.set(episode.identity, new Set([episode.fingerprint]));
    else alike.add(episode.fingerprint);
  }

  #end(fingerprint: string): void {
    const episode = this.episodes.get(fingerprint);
    if (episode === undefined) return;
    this.episodes.delete(fingerprint);
    if (episode.kind === 'manual' || episode.kind === 'resolved') this.manualCount--;
    if (episode.kind !== 'held') return;
    this.heldCount--;
    const alike = this.held.get(episode.identity);
    if (alike?.delete(fingerprint) === true && alike.size === 0) this.held.delete(episode.identity);
  }
}

/** Changes that are decided on and not yet durable, over the state as it is. */
export class IntakeDraft {
  readonly #state: IntakeState;
  readonly #episodes = new Map<string, Episode | undefined>();
  readonly #windows = new Map<string, DedupWindow | undefined>();
  readonly #extended = new Map<string, number>();
  readonly #pending = new Map<string, PostableAlert>();
  #added = 0;

  constructor(state: IntakeState) {
    this.#state = state;
  }

  /** Episodes or windows, of which there are more; those of the draft included; an upper bound. */
  get size(): number {
    const { episodes, windows } = this.#state;
    return Math.max(episodes.size, windows.size) + this.#added;
  }

  episode(fingerprint: string): Episode | undefined {
    if (!this.#episodes.has(fingerprint)) return this.#state.episodes.get(fingerprint);
    return this.#episodes.get(fingerprint);
  }

  window(identity: string): DedupWindow | undefined {
    if (!this.#windows.has(identity)) return this.#state.windows.get(identity);
    return this.#windows.get(identity);
  }

  put(episode: Episode): void {
    if (this.episode(episode.fingerprint) === undefined) this.#added++;
    this.#extended.delete(episode.fingerprint);
    this.#episodes.set(episode.fingerprint, episode);
  }

  end(fingerprint: string): void {
    this.#extended.delete(fingerprint);
    this.#episodes.set(fingerprint, undefined);
  }

  extend(episode: Episode, endsAtUnixMs: number): void {
    if (this.#episodes.has(episode.fingerprint)) this.put({ ...episode, endsAtUnixMs });
    else if (endsAtUnixMs !== episode.endsAtUnixMs) {
      this.#extended.set(episode.fingerprint, endsAtUnixMs);
    }
  }

  openWindow(window: DedupWindow): void {
    this.#windows.set(window.identity, window);
  }

  closeWindow(identity: string): void {
    this.#windows.set(identity, undefined);
  }

  handOn(fingerprint: string, alert: PostableAlert): void {
    this.#pending.delete(fingerprint);
    this.#pending.set(fingerprint, alert);
  }

  /** @returns undefined where nothing changes */
  record(): IntakeRecord | undefined {
    const record: IntakeRecord = {
      ...named('windows', present(this.#windows)),
      ...named('closedWindows', absent(this.#windows)),
      ...named('episodes', present(this.#episodes)),
      ...named(
        'ended',
        absent(this.#episodes).filter((fingerprint) => this.#state.episodes.has(fingerprint)),
      ),
      ...(this.#extended.size === 0 ? {} : { extended: Object.fromEntries(this.#extended) }),
      ...(this.#pending.size === 0 ? {} : { pending: Object.fromEntries(this.#pending) }),
    };
    return Object.keys(record).length === 0 ? undefined : record;
  }
}

function present<T>(map: ReadonlyMap<string, T | undefined>): readonly T[] {
  return [...map.values()].filter((value) => value !== undefined);
}

function absent(map: ReadonlyMap<string, unknown>): readonly string[] {
  return [...map].filter(([, value]) => value === undefined).map(([key]) => key);
}

function named<T>(name: string, list: readonly T[]): Readonly<Record<string, readonly T[]>> {
  return list.length === 0 ? {} : { [name]: list };
}
