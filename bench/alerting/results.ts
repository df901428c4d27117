// The figures of all rounds, and the verdict on them.
import { short } from '../metrics/figures.ts';
import { median } from '../promql/cost.ts';
import { differences, type Evaluated, type Pass } from './evaluate.ts';
import { ALERT_COUNT, type NotifyFigures } from './notify.ts';
import { type PartName } from './options.ts';

export interface Round {
  readonly ours: Evaluated;
  readonly theirs: Evaluated | undefined;
}

export interface Results {
  /** By part, one of each round. */
  readonly evaluated: Map<PartName, Round[]>;
  readonly notified: NotifyFigures[];
  readonly failures: string[];
}

export interface Bar {
  readonly name: string;
  readonly value: number | undefined;
  readonly limit: number;
  readonly isReached: boolean;
  readonly detail: string;
}

export function judge(results: Results, parts: readonly PartName[]): readonly Bar[] {
  return parts.flatMap((part) => {
    const rounds = results.evaluated.get(part) ?? [];
    if (part === 'notify') return [notifyBar(results)];
    return part === 'rules-100' ? [aloneBar(rounds)] : besideBars(rounds);
  });
}

type Figure = keyof Pass;

function medianOf(passes: readonly Pass[], figure: Figure): number | undefined {
  return passes.length === 0 ? undefined : median(passes.map((pass) => pass[figure]));
}

function besideBars(rounds: readonly Round[]): readonly Bar[] {
  const beside = (figure: Figure, what: string): Bar => {
    const ours = medianOf(
      rounds.flatMap((round) => round.ours.passes),
      figure,
    );
    const theirs = medianOf(
      rounds.flatMap((round) => round.theirs?.passes ?? []),
      figure,
    );
    const value = ours === undefined || !theirs ? undefined : ours / theirs;
    const detail = `${short(ours)} and ${short(theirs)} ms`;
    return bar(`1,000 rules, ${what} / prometheus`, value, 1, detail);
  };
  const wrong = rounds.flatMap(({ ours, theirs }) => (theirs ? differences(ours, theirs) : []));
  const active = [...(rounds[0]?.theirs?.alerts.values() ?? [])].flat().length;
  return [
    beside('evaluationMs', 'evaluation time'),
    beside('cpuMs', 'CPU time per pass'),
    bar(
      "rules whose alerts are not Prometheus'",
      rounds.length === 0 ? undefined : wrong.length,
      0,
      [`of ${active} pending or firing`, ...wrong.slice(0, 5)].join('; '),
    ),
  ];
}

function aloneBar(rounds: readonly Round[]): Bar {
  const passes = rounds.flatMap(({ ours }) => ours.passes);
  const cpuMs = medianOf(passes, 'cpuMs');
  const value = medianOf(passes, 'evaluationMs');
  return bar('100 rules, evaluation ms', value, 100, `CPU ${short(cpuMs)} ms`);
}

function notifyBar({ notified }: Results): Bar {
  const value = notified.length === 0 ? undefined : median(notified.map(({ wallMs }) => wallMs));
  const [first] = notified;
  const detail =
    first === undefined
      ? ''
      : `${first.groups} groups, ${first.notifications} notifications, ` +
        `CPU ${short(median(notified.map(({ cpuMs }) => cpuMs)))} ms`;
  return bar(`${ALERT_COUNT.toLocaleString('en')} alerts to the outbox, ms`, value, 1_000, detail);
}

function bar(name: string, value: number | undefined, limit: number, detail: string): Bar {
  return { name, value, limit, isReached: value !== undefined && value <= limit, detail };
}

export function lineOf({ name, value, limit, isReached, detail }: Bar): string {
  return `${isReached ? 'ok    ' : 'MISSED'}  ${name}: ${short(value)} (<= ${limit})  ${detail}`.trimEnd();
}
