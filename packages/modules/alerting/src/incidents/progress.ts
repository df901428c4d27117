import { type EscalationLevel, type IncidentConfig } from './incident-config.ts';
import {
  type Acknowledgement,
  type EndedAcknowledgement,
  type Incident,
  type IncidentEvent,
  type IncidentMember,
  isFiring,
  type Progress,
  type ToldLevel,
} from './incident.ts';
import { severityRank } from './severity.ts';

export interface Now {
  readonly wallUnixMs: number;
  readonly steadyMs: number;
}

/** A level to be told. */
export interface LevelToTell {
  readonly level: EscalationLevel;
  readonly round: number;
  /** `repeat` after an acknowledgement that timed out. */
  readonly reason: 'first' | 'repeat' | 'all-resolved';
  readonly alerts: readonly IncidentMember[];
}

/** Where an incident stands now, and what follows from it. */
export interface Advance {
  readonly progress: Progress;
  readonly ended: readonly EndedAcknowledgement[];
  readonly events: readonly IncidentEvent[];
  readonly tell: readonly LevelToTell[];
  readonly closed: boolean;
  /** Whether anything but what is told changed. */
  readonly changes: boolean;
}

export interface AdvanceContext {
  readonly config: IncidentConfig;
  readonly acknowledgements: ReadonlyMap<string, Acknowledgement>;
  /** Whether silence or inhibition keeps receivers from hearing of an alert. */
  readonly isSuppressed: (member: IncidentMember) => boolean;
}

/**
 * What has become of an open incident. Pure.
 *
 * Acknowledgements end when their time is over, when their alerts are over, and that of an incident
 * when an alert fires that is worse than those it was given for. The escalation's time runs while an
 * alert of a severity that escalates fires, is not acknowledged, and neither silenced nor inhibited. A
 * level is told when that time reaches it, once; when an acknowledgement timed out the highest told
 * level is told again. No alert that escalates for `closeAfterMs`: the told levels hear that it is
 * over, and time begins at 0 again. No alert at all for that long: the incident is closed.
 */
export function advanceIncident(incident: Incident, now: Now, context: AdvanceContext): Advance {
  const { config, acknowledgements, isSuppressed } = context;
  const { wallUnixMs, steadyMs } = now;
  const members = [...incident.members.values()];
  const firing = members.filter((member) => isFiring(member, wallUnixMs));
  const ended = endedAcknowledgements(incident, firing, now, acknowledgements);
  const events = ended.map((one) => endedEvent(incident, one, wallUnixMs));
  const endedAlerts = new Set(ended.map(({ fingerprint }) => fingerprint));
  const covered = incident.acknowledgement !== undefined && !endedAlerts.has(undefined);
  const escalating = firing.filter(({ labels }) => escalates(labels, config));
  const running = escalating.some(
    (member) =>
      !covered &&
      (!acknowledgements.has(member.fingerprint) || endedAlerts.has(member.fingerprint)) &&
      !isSuppressed(member),
  );
  const before = incident.progress;
  const elapsedMs = elapsedOf(before, steadyMs);
  const hasEscalated = before.told.length > 0 || elapsedMs > 0;
  const calmSinceMs =
    escalating.length > 0 || !hasEscalated
      ? undefined
      : (before.calmSinceMs ?? sinceEnd(members, now, config));
  const overSinceMs =
    firing.length > 0 ? undefined : (before.overSinceMs ?? sinceEnd(members, now));
  let { round, told } = before;
  const tell: LevelToTell[] = [];
  if (ended.some(({ why }) => why === 'timed-out') && running) {
    round++;
    told = told.slice(0, -1);
  }
  let keptMs = elapsedMs;
  const escalated: ToldLevel[] = [];
  const isRepeat = told.length < before.told.length;
  for (const level of running ? config.levels : []) {
    if (level.afterMs > elapsedMs || told.some((known) => known.level === level.name)) continue;
    escalated.push({ level: level.name, round, atUnixMs: wallUnixMs });
    const again = isRepeat && before.told.some((known) => known.level === level.name);
    tell.push({ level, round, reason: again ? 'repeat' : 'first', alerts: worstFirst(firing) });
    const text = `${level.name}${level.receiver === undefined ? '' : ` to ${level.receiver}`}${again ? ' again' : ''}`;
    const to = level.receiver === undefined ? {} : { receiver: level.receiver };
    events.push({ unixMs: wallUnixMs, kind: 'escalated', text, level: level.name, ...to });
  }
  told = [...told, ...escalated];
  const isCalm = calmSinceMs !== undefined && steadyMs - calmSinceMs >= config.closeAfterMs;
  if (isCalm) {
    for (const known of told) {
      const level = config.levels.find(({ name }) => name === known.level);
      if (level === undefined) continue;
      const alerts = members.filter((member) => !isFiring(member, wallUnixMs));
      tell.push({ level, round: known.round, reason: 'all-resolved', alerts });
    }
    if (told.length > 0) {
      const text = `${told.map(({ level }) => level).join(', ')} hear that it is over`;
      events.push({ unixMs: wallUnixMs, kind: 'escalation-ended', text });
    }
    told = [];
    keptMs = 0;
    round++;
  }
  const isCalmed = isCalm || calmSinceMs === undefined;
  const closed = overSinceMs !== undefined && steadyMs - overSinceMs >= config.closeAfterMs;
  if (closed) {
    const text = `all ${incident.alertCount} alerts are over`;
    events.push({ unixMs: wallUnixMs, kind: 'closed', text });
  }
  const progress: Progress = {
    // While it runs, the time up to its start stays as it is: nothing to store.
    elapsedMs: running && before.runningSinceMs !== undefined ? before.elapsedMs : keptMs,
    round,
    told,
    ...(running ? { runningSinceMs: before.runningSinceMs ?? steadyMs } : {}),
    ...(isCalmed ? {} : { calmSinceMs }),
    ...(overSinceMs === undefined ? {} : { overSinceMs }),
  };
  const changes = ended.length > 0 || closed || tell.length > 0 || !isSame(before, progress);
  return { progress, ended, events, tell, closed, changes };
}

const SILENCE_LOOK_MS = 15_000;
/** The wall clock, which ends of alerts are of, may jump. */
const MAX_LOOK_MS = 60_000;

/** Milliseconds from now until the incident has to be looked at again. */
export function nextLookMs(incident: Incident, now: Now, context: AdvanceContext): number {
  const { config, acknowledgements } = context;
  const { progress } = incident;
  let nextMs = MAX_LOOK_MS;
  const at = (delayMs: number): void => {
    nextMs = Math.min(nextMs, Math.max(0, delayMs));
  };
  const until = (acknowledgement: Acknowledgement | undefined): void => {
    if (acknowledgement?.untilUnixMs !== undefined) at(acknowledgement.untilUnixMs - now.steadyMs);
  };
  until(incident.acknowledgement);
  let mayEscalate = false;
  for (const member of incident.members.values()) {
    if (!isFiring(member, now.wallUnixMs)) continue;
    at(member.endsAtUnixMs - now.wallUnixMs);
    until(acknowledgements.get(member.fingerprint));
    mayEscalate ||= escalates(member.labels, config);
  }
  if (progress.runningSinceMs !== undefined) {
    const elapsedMs = elapsedOf(progress, now.steadyMs);
    const next = config.levels.find(
      ({ name, afterMs }) =>
        afterMs > elapsedMs || !progress.told.some(({ level }) => level === name),
    );
    if (next !== undefined) at(next.afterMs - elapsedMs);
  }
  // A silence may begin or end at any time.
  if (mayEscalate) at(SILENCE_LOOK_MS);
  for (const sinceMs of [progress.calmSinceMs, progress.overSinceMs]) {
    if (sinceMs !== undefined) at(sinceMs + config.closeAfterMs - now.steadyMs);
  }
  return nextMs;
}

/** How long it was unacknowledged while it escalated. */
export function elapsedOf({ elapsedMs, runningSinceMs }: Progress, steadyMs: number): number {
  return elapsedMs + (runningSinceMs === undefined ? 0 : Math.max(0, steadyMs - runningSinceMs));
}

export function escalates(
  labels: Readonly<Record<string, string>>,
  config: Pick<IncidentConfig, 'escalates'>,
): boolean {
  return config.escalates.includes(labels['severity'] ?? '');
}

/** Of equals the one that began first. */
function worstFirst(members: readonly IncidentMember[]): readonly IncidentMember[] {
  const rank = ({ labels }: IncidentMember): number => severityRank(labels['severity'] ?? '');
  return members.toSorted((a, b) => rank(b) - rank(a) || a.startsAtUnixMs - b.startsAtUnixMs);
}

/** When the last of them ended, on the steady clock; of those that escalate where a config is given. */
function sinceEnd(
  members: readonly IncidentMember[],
  { wallUnixMs, steadyMs }: Now,
  config?: IncidentConfig,
): number {
  const ends = members
    .filter(({ labels }) => config === undefined || escalates(labels, config))
    .reduce((last, { endsAtUnixMs }) => Math.max(last, endsAtUnixMs), Number.NEGATIVE_INFINITY);
  return ends === Number.NEGATIVE_INFINITY ? steadyMs : steadyMs - Math.max(0, wallUnixMs - ends);
}

function endedAcknowledgements(
  incident: Incident,
  firing: readonly IncidentMember[],
  { steadyMs }: Now,
  acknowledgements: ReadonlyMap<string, Acknowledgement>,
): readonly EndedAcknowledgement[] {
  const ended: EndedAcknowledgement[] = [];
  const timedOut = ({ untilUnixMs }: Acknowledgement): boolean =>
    untilUnixMs !== undefined && untilUnixMs <= steadyMs;
  const given = incident.acknowledgement;
  if (given !== undefined) {
    const worst = firing.reduce(
      (most, { labels }) => Math.max(most, severityRank(labels['severity'] ?? '')),
      0,
    );
    if (firing.length === 0) ended.push({ why: 'resolved' });
    else if (timedOut(given)) ended.push({ why: 'timed-out' });
    else if (worst > given.severityRank) ended.push({ why: 'worse' });
  }
  const fires = new Set(firing.map(({ fingerprint }) => fingerprint));
  for (const fingerprint of incident.members.keys()) {
    const found = acknowledgements.get(fingerprint);
    if (found === undefined) continue;
    if (!fires.has(fingerprint)) ended.push({ fingerprint, why: 'resolved' });
    else if (timedOut(found)) ended.push({ fingerprint, why: 'timed-out' });
  }
  return ended;
}

function endedEvent(
  { members }: Incident,
  { fingerprint, why, by }: EndedAcknowledgement,
  unixMs: number,
): IncidentEvent {
  const name =
    fingerprint === undefined ? 'incident' : members.get(fingerprint)?.labels['alertname'];
  const text = `${name ?? fingerprint ?? ''}: ${WHY[why]}`;
  return {
    unixMs,
    kind: 'acknowledgement-ended',
    text,
    ...(by === undefined ? {} : { by }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
}

const WHY = {
  'timed-out': 'its time is over',
  resolved: 'the alerts are over',
  withdrawn: 'withdrawn',
  worse: 'a worse alert came',
} as const;

function isSame(a: Progress, b: Progress): boolean {
  return (
    a.elapsedMs === b.elapsedMs &&
    a.runningSinceMs === b.runningSinceMs &&
    a.round === b.round &&
    a.calmSinceMs === b.calmSinceMs &&
    a.overSinceMs === b.overSinceMs &&
    a.told.length === b.told.length
  );
}
