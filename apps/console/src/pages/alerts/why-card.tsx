import { type ReactNode, useEffect, useState } from 'react';

import { type ExplainedAlert, type Explanation } from '../../api/alerting-types.ts';
import { formatLabels } from '../../format/labels.ts';
import { formatDateTime } from '../../format/time.ts';
import { liveNowMs } from '../../time/live.ts';
import { parseTimePoint, resolveTimePoint } from '../../time/range.ts';
import { Card } from '../../ui/card.tsx';
import { ErrorState, Loading } from '../../ui/states.tsx';
import { StatusMark, type Tone } from '../../ui/status-mark.tsx';
import { valueText } from './decision-text.ts';
import { readFindings } from './findings.ts';

const bad = new Set(['firing', 'delivery-failed', 'rule-error', 'no-integrations']);
const waiting = new Set(['pending', 'waiting', 'delivering', 'held', 'not-received']);
const quiet = new Set(['silenced', 'inhibited', 'muted', 'acknowledged', 'nothing-new']);

function toneOf(code: string): Tone {
  if (bad.has(code)) return 'bad';
  if (waiting.has(code)) return 'warn';
  return quiet.has(code) ? 'idle' : 'ok';
}

/** Why an alert fires or does not, and is sent or is not, at a moment. */
export function WhyCard({
  explanation,
  alert,
  error,
  onRetry,
  at,
  onMoment,
}: {
  readonly explanation: Explanation | undefined;
  readonly alert: ExplainedAlert | undefined;
  readonly error: unknown;
  readonly onRetry: () => void;
  /** RFC 3339; undefined: now. */
  readonly at: string | undefined;
  readonly onMoment: (moment: string | undefined) => void;
}): ReactNode {
  return (
    <Card
      title="Why"
      aside={<MomentChoice at={at} onMoment={onMoment} />}
      bodyClassName="px-3 pb-3"
    >
      {explanation === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={onRetry} compact />
        )
      ) : (
        <>
          <Findings
            verdict={alert?.verdict ?? explanation.verdict}
            findings={alert?.findings ?? explanation.rules.flatMap(({ findings }) => findings)}
          />
          <Comparisons explanation={explanation} />
          {alert !== undefined && <Routes routes={alert.routes} />}
          <NextSteps steps={alert?.nextSteps ?? explanation.nextSteps} />
        </>
      )}
    </Card>
  );
}

function MomentChoice({
  at,
  onMoment,
}: {
  readonly at: string | undefined;
  readonly onMoment: (moment: string | undefined) => void;
}): ReactNode {
  const shown = at === undefined ? '' : formatDateTime(Date.parse(at));
  const [typed, setTyped] = useState(shown);
  const [wrong, setWrong] = useState(false);
  useEffect(() => setTyped(shown), [shown]);
  const choose = (): void => {
    const point = typed.trim() === '' ? undefined : parseTimePoint(typed);
    setWrong(typed.trim() !== '' && point === undefined);
    const isNow = point?.kind === 'ago' && point.agoMs === 0;
    if (typed.trim() === '' || isNow) onMoment(undefined);
    else if (point !== undefined) {
      onMoment(new Date(resolveTimePoint(point, liveNowMs())).toISOString());
    }
  };
  return (
    <form
      className="flex items-center gap-1.5"
      onSubmit={(event) => {
        event.preventDefault();
        choose();
      }}
    >
      <input
        aria-label="Moment to explain"
        title="now-10m, or 2026-01-02 03:04"
        placeholder="at, as now-10m"
        aria-invalid={wrong}
        className={`control num h-6! w-40 text-[11px]! ${wrong ? 'border-bad!' : ''}`}
        value={typed}
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button
        type="button"
        className="control h-6!"
        aria-pressed={at === undefined}
        onClick={() => onMoment(undefined)}
      >
        Now
      </button>
    </form>
  );
}

function Findings({
  verdict,
  findings,
}: {
  readonly verdict: ExplainedAlert['verdict'];
  readonly findings: ExplainedAlert['findings'];
}): ReactNode {
  const { headline, rest } = readFindings(verdict, findings);
  return (
    <>
      <p role="status" className="text-[13px] font-medium [overflow-wrap:anywhere]">
        {headline}
      </p>
      {rest.length > 0 && (
        <ul aria-label="Step by step" className="mt-2 flex flex-col gap-1 text-xs">
          {rest.map(({ code, text }, index) => (
            <li key={index} className="flex gap-1.5">
              <span className="mt-[2px]">
                <StatusMark tone={toneOf(code)} size={13} />
              </span>
              <span className="min-w-0 [overflow-wrap:anywhere]">{text}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const MAX_COMPARED = 5;

function Comparisons({ explanation }: { readonly explanation: Explanation }): ReactNode {
  const comparisons = explanation.rules.flatMap((rule) => rule.comparisons);
  if (comparisons.every(({ series }) => series.length === 0)) return null;
  return (
    <Part title="What its rule compares">
      {comparisons.map(({ expression, operator, series, seriesCount, holdingCount }, index) => (
        <div key={index} className="mt-1 first:mt-0">
          <code className="text-muted font-mono text-[11.5px] [overflow-wrap:anywhere]">
            {expression}
          </code>
          <ul className="mt-0.5">
            {series.slice(0, MAX_COMPARED).map((one, at) => (
              <li key={at} className="flex items-baseline gap-2 text-xs">
                <StatusMark tone={one.holds ? 'bad' : 'ok'} size={12}>
                  <span className="sr-only">{one.holds ? 'holds' : 'does not hold'}</span>
                </StatusMark>
                <span className="num whitespace-nowrap">
                  {valueText(one.value)} {operator} {valueText(one.threshold)}
                </span>
                <span
                  className="text-faint min-w-0 truncate font-mono text-[11px]"
                  title={formatLabels(one.labels)}
                >
                  {formatLabels(one.labels)}
                </span>
              </li>
            ))}
          </ul>
          {seriesCount > Math.min(series.length, MAX_COMPARED) && (
            <p className="text-faint text-2xs num">
              {holdingCount} of {seriesCount} series hold
            </p>
          )}
        </div>
      ))}
    </Part>
  );
}

function Routes({ routes }: { readonly routes: ExplainedAlert['routes'] }): ReactNode {
  if (routes.length === 0) return null;
  return (
    <Part title="Who is told">
      <ul className="flex flex-col gap-1.5 text-xs">
        {routes.map((route) => (
          <li key={`${route.receiver} ${route.groupKey}`}>
            <span className="font-medium">{route.receiver}</span>{' '}
            <span className="text-faint font-mono text-[11px] [overflow-wrap:anywhere]">
              {route.path.filter((one) => one !== '{}' && one !== '').join(' → ')}
            </span>
            <ul className="text-muted">
              {route.notifications.map((one) => (
                <li key={`${one.at} ${one.integration}`} className="flex gap-1.5">
                  <StatusMark tone={outcomeTone(one.outcome)} size={12} />
                  <span className="num [overflow-wrap:anywhere]">
                    {formatDateTime(Date.parse(one.at)).slice(11)} {one.integration} {one.outcome}
                    {one.error === undefined ? '' : `: ${one.error}`}
                  </span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** How a notification fared, as a tone. */
export function outcomeTone(outcome: string): Tone {
  if (outcome === 'delivered') return 'ok';
  return outcome === 'waiting' ? 'warn' : 'bad';
}

function NextSteps({ steps }: { readonly steps: Explanation['nextSteps'] }): ReactNode {
  if (steps.length === 0) return null;
  return (
    <details className="mt-3 text-xs">
      <summary className="text-muted cursor-pointer">From a terminal</summary>
      <ul className="mt-1 flex flex-col gap-1">
        {steps.map(({ text, command }) => (
          <li key={`${text} ${command ?? ''}`}>
            {text}
            {command !== undefined && (
              <code className="bg-raised mt-0.5 block rounded px-2 py-1 font-mono text-[11px] [overflow-wrap:anywhere] select-all">
                {command}
              </code>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Part({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className="mt-3">
      <h4 className="text-faint text-2xs mb-1">{title}</h4>
      {children}
    </section>
  );
}
