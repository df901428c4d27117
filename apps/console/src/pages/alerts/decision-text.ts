import { type DecisionRecord } from '../../api/alerting-types.ts';
import { formatDateTime } from '../../format/time.ts';
import { formatCount } from '../../format/units.ts';
import { type Tone } from '../../ui/status-mark.tsx';

export interface DecisionText {
  readonly tone: Tone;
  readonly text: string;
}

/** What the server tells of a decision; other kinds may come with a newer server. */
type Decision =
  | {
      readonly kind: 'evaluated';
      readonly state: 'pending' | 'firing' | 'resolved' | 'inactive';
      readonly previous: string;
      readonly value: string;
      readonly keptSinceAt?: string;
    }
  | { readonly kind: 'rule'; readonly elements: number; readonly error?: string }
  | {
      readonly kind: 'intake';
      readonly outcome: 'passed' | 'held' | 'released' | 'ended-while-held' | 'resolved-by-hand';
      readonly identity?: string;
    }
  | { readonly kind: 'routed'; readonly routes: readonly { readonly receiver: string }[] }
  | {
      readonly kind: 'weighed';
      readonly state: 'firing' | 'resolved';
      readonly silencedBy: readonly string[];
      readonly inhibitedBy: readonly string[];
    }
  | {
      readonly kind: 'flushed';
      readonly receiver: string;
      readonly outcome: 'sent' | 'muted' | 'held-back' | 'nothing-new';
      readonly mutedBy: readonly string[];
    }
  | {
      readonly kind: 'delivered';
      readonly integration: string;
      readonly outcome: 'waiting' | 'delivered' | 'failed' | 'dropped';
      readonly attempts: number;
      readonly error?: string;
    }
  | {
      readonly kind: 'silence';
      readonly change: 'set' | 'ended';
      readonly matchers: string;
      readonly endsAt?: string;
      readonly by: string;
      readonly comment: string;
    }
  | {
      readonly kind: 'acknowledged';
      readonly by: string;
      readonly comment?: string;
      readonly untilAt?: string;
    }
  | {
      readonly kind: 'escalated';
      readonly level: string;
      readonly incident: string;
      readonly receiver?: string;
    }
  | {
      readonly kind: 'manual';
      readonly action: 'triggered' | 'resolved' | 'released';
      readonly by: string;
      readonly comment?: string;
    };

/** A decision as a sentence. */
export function decisionText(record: DecisionRecord): DecisionText {
  const decision = record.decision as Decision;
  switch (decision.kind) {
    case 'evaluated':
      return evaluated(decision);
    case 'rule':
      return decision.error === undefined
        ? { tone: 'idle', text: `its rule gives ${count(decision.elements, 'series', 'series')}` }
        : { tone: 'bad', text: `its rule could not be evaluated: ${decision.error}` };
    case 'intake':
      return { tone: 'idle', text: intakeTexts[decision.outcome] };
    case 'routed': {
      const receivers = [...new Set(decision.routes.map(({ receiver }) => receiver))];
      return { tone: 'idle', text: `routed to ${receivers.join(', ') || 'no receiver'}` };
    }
    case 'weighed':
      return weighed(decision);
    case 'flushed':
      return flushed(decision);
    case 'delivered':
      return delivered(decision);
    case 'silence': {
      const until = decision.endsAt === undefined ? '' : ` until ${momentText(decision.endsAt)}`;
      return {
        tone: 'idle',
        text:
          decision.change === 'set'
            ? `silence ${decision.matchers} set by ${decision.by}${until}${quoted(decision.comment)}`
            : `silence ${decision.matchers} of ${decision.by} ended`,
      };
    }
    case 'acknowledged': {
      const until = decision.untilAt === undefined ? '' : ` until ${momentText(decision.untilAt)}`;
      const what = record.subject.startsWith('incident:') ? 'its incident was ' : '';
      return {
        tone: 'ok',
        text: `${what}acknowledged by ${decision.by}${until}${quoted(decision.comment)}`,
      };
    }
    case 'escalated': {
      const to = decision.receiver === undefined ? '' : `, ${decision.receiver} was told`;
      return { tone: 'bad', text: `escalated to ${decision.level}${to}` };
    }
    case 'manual':
      return {
        tone: decision.action === 'resolved' ? 'ok' : 'warn',
        text: `${manualTexts[decision.action]} by ${decision.by}${quoted(decision.comment)}`,
      };
    default:
      return { tone: 'unknown', text: (decision as { readonly kind: string }).kind };
  }
}

const intakeTexts = {
  passed: 'passed on to the routes',
  held: 'held back: one of the same identity passed shortly before',
  released: 'passed on: it still fires after the window of the one before',
  'ended-while-held': 'ended while it was held back: nobody was told',
  'resolved-by-hand': 'held back: it was resolved by hand and did not end since',
} as const;

const manualTexts = {
  triggered: 'raised by hand,',
  resolved: 'resolved by hand,',
  released: 'no longer resolved by hand,',
} as const;

function evaluated(decision: Extract<Decision, { readonly kind: 'evaluated' }>): DecisionText {
  const value = `value ${valueText(decision.value)}`;
  switch (decision.state) {
    case 'pending':
      return { tone: 'warn', text: `pending: its condition holds, ${value}` };
    case 'firing': {
      const kept = decision.keptSinceAt === undefined ? '' : ', kept by keep_firing_for';
      return { tone: 'bad', text: `firing, ${value}${kept}` };
    }
    case 'resolved':
      return { tone: 'ok', text: 'resolved' };
    case 'inactive':
      return { tone: 'ok', text: 'its condition ended before it fired' };
  }
}

function weighed(decision: Extract<Decision, { readonly kind: 'weighed' }>): DecisionText {
  const { silencedBy, inhibitedBy, state } = decision;
  const by = [
    ...(silencedBy.length === 0 ? [] : [count(silencedBy.length, 'silence', 'silences')]),
    ...(inhibitedBy.length === 0 ? [] : [count(inhibitedBy.length, 'other alert', 'other alerts')]),
  ];
  if (by.length > 0) return { tone: 'idle', text: `held back by ${by.join(' and ')}` };
  return { tone: 'idle', text: `nothing holds it back, ${state}` };
}

function flushed(decision: Extract<Decision, { readonly kind: 'flushed' }>): DecisionText {
  const { outcome, receiver, mutedBy } = decision;
  switch (outcome) {
    case 'sent':
      return { tone: 'idle', text: `handed over for ${receiver}` };
    case 'muted':
      return { tone: 'idle', text: `${receiver} is not told: muted by ${mutedBy.join(', ')}` };
    case 'held-back':
      return { tone: 'idle', text: `${receiver} is not told: all of its group is held back` };
    case 'nothing-new':
      return { tone: 'idle', text: `${receiver} is not told: it knows already` };
  }
}

function delivered(decision: Extract<Decision, { readonly kind: 'delivered' }>): DecisionText {
  const { outcome, integration, attempts, error } = decision;
  const tries = attempts > 1 ? ` after ${attempts} tries` : '';
  const why = error === undefined ? '' : `: ${error}`;
  switch (outcome) {
    case 'delivered':
      return { tone: 'ok', text: `${integration} was told${tries}` };
    case 'waiting':
      return { tone: 'warn', text: `${integration} could not be told yet${why}` };
    case 'failed':
      return { tone: 'bad', text: `${integration} could not be told${tries}${why}` };
    case 'dropped':
      return { tone: 'bad', text: `the notification to ${integration} was dropped${why}` };
  }
}

function count(value: number, one: string, several: string): string {
  return `${value} ${value === 1 ? one : several}`;
}

function quoted(comment: string | undefined): string {
  return comment === undefined || comment === '' ? '' : `: ${comment}`;
}

function momentText(moment: string): string {
  return formatDateTime(Date.parse(moment));
}

/** A value as Prometheus writes it, in three digits where it is a number. */
export function valueText(value: string): string {
  const number = Number(value);
  return Number.isFinite(number) ? formatCount(number) : value;
}

/** Records of several answers as one list, the newest first, each once. */
export function mergeRecords(
  ...lists: readonly (readonly DecisionRecord[])[]
): readonly DecisionRecord[] {
  const byKey = new Map<string, DecisionRecord>();
  for (const record of lists.flat()) {
    byKey.set(JSON.stringify([record.subject, record.topic, record.at]), record);
  }
  return [...byKey.values()].toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
