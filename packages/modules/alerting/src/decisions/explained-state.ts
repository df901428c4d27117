import {
  type Decision,
  type DecisionRecord,
  type Labels,
  type MetricQuery,
  MonitoringError,
} from '@dwcp/core';

import { type PipelineState } from '../alertmanager/pipeline-state.ts';
import { timeText, lengthText } from './explain-texts.ts';
import { type ExplainedAlert, type Finding, type RuleExplanation } from './explanation.ts';

/** How an alert stands at a moment, as its rule or its poster sees it. */
export interface AlertStanding {
  readonly state: ExplainedAlert['state'];
  readonly value?: string;
  readonly activeAtUnixMs?: number;
  /** When it began to fire. */
  readonly firedAtUnixMs?: number;
  readonly firesAtUnixMs?: number;
  readonly finding: Finding;
}

/** What the series of an alert say at a moment. */
export interface StoredAlertState {
  readonly labels: Labels;
  readonly state: 'pending' | 'firing';
  readonly activeAtUnixMs: number | undefined;
}

/** A rule is evaluated oftener than that; what was confirmed longer ago no longer counts. */
const FRESH_MS = 15 * 60_000;

/** ALERTS and ALERTS_FOR_STATE of an alert name at a moment; nothing where they cannot be read. */
export async function storedAlertStates(
  query: MetricQuery,
  alertName: string,
  unixMs: number,
): Promise<readonly StoredAlertState[]> {
  const selector = `{alertname=${JSON.stringify(alertName)}}`;
  const read = async (name: string): Promise<readonly (readonly [Labels, number])[]> => {
    const { value } = await query.instant({ expression: `${name}${selector}`, unixMs });
    if (value.kind !== 'vector') return [];
    return value.samples.map((sample) => [sample.labels.withoutName(), sample.value]);
  };
  try {
    const since = new Map((await read('ALERTS_FOR_STATE')).map(([{ key }, value]) => [key, value]));
    return (await read('ALERTS')).map(([all]) => {
      const labels = all.without(['alertstate']);
      const seconds = since.get(labels.key);
      return {
        labels,
        state: all.get('alertstate') === 'firing' ? 'firing' : 'pending',
        activeAtUnixMs: seconds === undefined ? undefined : seconds * 1_000,
      };
    });
  } catch (error) {
    if (error instanceof MonitoringError) return [];
    throw error;
  }
}

/** How an alert stands: by the log, else by its series, else by what was posted of it. */
export function standingOf(about: {
  readonly labels: Labels;
  readonly standing: readonly DecisionRecord[];
  readonly rule: RuleExplanation | undefined;
  readonly stored: readonly StoredAlertState[];
  readonly pipeline: PipelineState | undefined;
  readonly fingerprints: readonly string[];
  readonly atUnixMs: number;
}): AlertStanding {
  const { standing, rule, atUnixMs } = about;
  const logged = standing.find(({ topic }) => topic === 'evaluated');
  const freshMs = FRESH_MS + 2 * (rule?.intervalMs ?? 0);
  if (logged !== undefined && logged.lastUnixMs + freshMs >= atUnixMs) {
    return loggedStanding(logged, rule, atUnixMs);
  }
  const stored = about.stored.find(({ labels }) => contains(labels, about.labels));
  if (rule !== undefined && stored !== undefined) {
    const { state, activeAtUnixMs } = stored;
    if (state === 'pending')
      return pendingStanding({ activeAtUnixMs, forMs: rule.forMs, rule, atUnixMs });
    return {
      state,
      ...(activeAtUnixMs === undefined
        ? {}
        : { activeAtUnixMs, firedAtUnixMs: activeAtUnixMs + rule.forMs }),
      finding: { code: 'firing', text: `it fires${since(activeAtUnixMs, atUnixMs)}` },
    };
  }
  const posted = about.fingerprints.flatMap(
    (fingerprint) => about.pipeline?.alerts.get(fingerprint)?.alert ?? [],
  )[0];
  if (posted !== undefined && posted.startsAtUnixMs <= atUnixMs) {
    const { startsAtUnixMs, endsAtUnixMs } = posted;
    const isOver = endsAtUnixMs <= atUnixMs;
    return {
      state: isOver ? 'resolved' : 'firing',
      activeAtUnixMs: startsAtUnixMs,
      firedAtUnixMs: startsAtUnixMs,
      finding: isOver
        ? { code: 'resolved', text: `it is over since ${timeText(endsAtUnixMs)}` }
        : {
            code: 'firing',
            text: `it fires${since(startsAtUnixMs, atUnixMs)}, as its sender says`,
          },
    };
  }
  if (rule !== undefined) return ruleStanding(rule);
  const taken = standing.find(({ topic }) => topic === 'intake');
  if (taken?.decision.kind === 'intake') return takenStanding(taken, taken.decision.outcome);
  return {
    state: 'unknown',
    finding: { code: 'not-active', text: 'nobody knew of it at that time' },
  };
}

/** Of an alert that was posted and did not come to the routes, or left them. */
function takenStanding(
  { unixMs }: DecisionRecord,
  outcome: Extract<Decision, { readonly kind: 'intake' }>['outcome'],
): AlertStanding {
  if (outcome === 'held') {
    const finding = { code: 'firing', text: 'it fires, as its sender says' } as const;
    return { state: 'firing', activeAtUnixMs: unixMs, firedAtUnixMs: unixMs, finding };
  }
  return { state: 'resolved', finding: { code: 'resolved', text: 'it is over' } };
}

function ruleStanding(rule: RuleExplanation): AlertStanding {
  const [first] = rule.findings;
  if (first !== undefined) return { state: 'inactive', finding: first };
  const text =
    'the expression holds over what is stored, but the rule made no alert of it then: it was not evaluated, or its labels are others';
  return { state: 'inactive', finding: { code: 'not-active', text } };
}

function loggedStanding(
  record: DecisionRecord,
  rule: RuleExplanation | undefined,
  atUnixMs: number,
): AlertStanding {
  const { decision } = record;
  if (decision.kind !== 'evaluated') throw new Error(`${record.topic} holds a ${decision.kind}`);
  const { state, value, activeAtUnixMs, forMs } = decision;
  switch (state) {
    case 'pending':
      return { ...pendingStanding({ activeAtUnixMs, forMs, rule, atUnixMs }), value };
    case 'firing': {
      const { keptSinceUnixMs } = decision;
      const kept =
        keptSinceUnixMs === undefined
          ? `with the value ${value}`
          : `only because of keep_firing_for (${lengthText(decision.keepFiringForMs)}): its condition ended at ${timeText(keptSinceUnixMs)}`;
      const firedAtUnixMs = activeAtUnixMs + forMs;
      const text = `it fires${since(activeAtUnixMs, atUnixMs)}, ${kept}`;
      return { state, value, activeAtUnixMs, firedAtUnixMs, finding: { code: 'firing', text } };
    }
    case 'resolved': {
      const text = `it is over since ${timeText(record.unixMs)}`;
      return {
        state,
        value,
        activeAtUnixMs,
        firedAtUnixMs: activeAtUnixMs + forMs,
        finding: { code: 'resolved', text },
      };
    }
    case 'inactive': {
      const heldMs = record.unixMs - activeAtUnixMs;
      const text = `its condition held for ${lengthText(heldMs)} and ended by ${timeText(record.unixMs)}, before it had held for ${lengthText(forMs)}: it never fired`;
      const [why] = rule?.findings ?? [];
      return { state, finding: why ?? { code: 'not-active', text } };
    }
  }
}

function pendingStanding(about: {
  readonly activeAtUnixMs: number | undefined;
  readonly forMs: number;
  readonly rule: RuleExplanation | undefined;
  readonly atUnixMs: number;
}): AlertStanding {
  const { activeAtUnixMs, forMs, rule, atUnixMs } = about;
  if (activeAtUnixMs === undefined) {
    return {
      state: 'pending',
      finding: { code: 'pending', text: 'its condition holds, but not yet for long enough' },
    };
  }
  // It fires at the first evaluation at which it has held for long enough.
  const intervalMs = rule?.intervalMs ?? 1;
  const firesAtUnixMs = activeAtUnixMs + Math.ceil(forMs / intervalMs) * intervalMs;
  const text = `its condition holds for ${lengthText(atUnixMs - activeAtUnixMs)} of ${lengthText(forMs)}: it fires at ${timeText(firesAtUnixMs)} if it goes on to hold`;
  return { state: 'pending', activeAtUnixMs, firesAtUnixMs, finding: { code: 'pending', text } };
}

function since(unixMs: number | undefined, atUnixMs: number): string {
  if (unixMs === undefined) return '';
  return ` since ${timeText(unixMs)} (${lengthText(atUnixMs - unixMs)})`;
}

function contains(all: Labels, part: Labels): boolean {
  return [...part].every(([name, value]) => all.get(name) === value);
}
