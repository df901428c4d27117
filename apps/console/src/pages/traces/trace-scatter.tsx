import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import { type TraceSummary } from '../../api/types.ts';
import { formatClock, nanoToMs } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';

const height = 130;
const left = 52;
const bottom = 18;

/**
 * Each trace as a mark: when it started, and how long it took on a logarithmic axis. Traces in
 * error are triangles. Dragging across sets the time range.
 */
export function TraceScatter({
  traces,
  window,
  partial,
  onSelect,
}: {
  readonly traces: readonly TraceSummary[];
  readonly window: { readonly startMs: number; readonly endMs: number };
  /** The search found more than was loaded: older ones are missing. */
  readonly partial: boolean;
  readonly onSelect: (startMs: number, endMs: number) => void;
}): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [drag, setDrag] = useState<readonly [number, number]>();
  const navigate = useNavigate();
  useEffect(() => {
    if (host.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 800));
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);

  const marks = traces.map((trace) => ({
    trace,
    startMs: nanoToMs(trace.startUnixNano),
    seconds: Math.max(1e-6, Number(trace.durationNano) / 1e9),
  }));
  const low = Math.floor(Math.log10(Math.min(...marks.map((mark) => mark.seconds))));
  const high = Math.max(
    low + 1,
    Math.ceil(Math.log10(Math.max(...marks.map((mark) => mark.seconds)))),
  );
  const x = (ms: number): number =>
    left + ((ms - window.startMs) / (window.endMs - window.startMs)) * (width - left - 8);
  const y = (seconds: number): number =>
    6 + (1 - (Math.log10(seconds) - low) / (high - low)) * (height - bottom - 12);
  const toMs = (px: number): number =>
    window.startMs + ((px - left) / (width - left - 8)) * (window.endMs - window.startMs);
  const oldestX = x(Math.min(...marks.map((mark) => mark.startMs)));
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const times = Array.from(
    { length: 7 },
    (_, i) => window.startMs + ((window.endMs - window.startMs) * i) / 6,
  );

  return (
    <div ref={host}>
      <svg
        role="img"
        aria-label={`${traces.length} traces by start and duration, from ${formatSeconds(10 ** low)} to ${formatSeconds(10 ** high)}; the table below lists them`}
        width={width}
        height={height}
        className="block touch-none select-none"
        onPointerDown={(event) => {
          const px = event.nativeEvent.offsetX;
          setDrag([px, px]);
        }}
        onPointerMove={(event) => {
          if (drag !== undefined) setDrag([drag[0], event.nativeEvent.offsetX]);
        }}
        onPointerLeave={() => setDrag(undefined)}
        onPointerUp={() => {
          if (drag !== undefined && Math.abs(drag[1] - drag[0]) > 4)
            onSelect(toMs(drag[0]), toMs(drag[1]));
          setDrag(undefined);
        }}
      >
        {decades.map((seconds) => (
          <g key={seconds}>
            <line
              x1={left}
              x2={width}
              y1={y(seconds)}
              y2={y(seconds)}
              style={{ stroke: 'var(--grid)' }}
            />
            <text
              x={left - 6}
              y={y(seconds) + 4}
              textAnchor="end"
              fontSize={11}
              style={{ fill: 'var(--faint)' }}
            >
              {formatSeconds(seconds)}
            </text>
          </g>
        ))}
        {times.slice(1, -1).map((ms) => (
          <text
            key={ms}
            x={x(ms)}
            y={height - 4}
            textAnchor="middle"
            fontSize={11}
            style={{ fill: 'var(--faint)' }}
          >
            {formatClock(ms)}
          </text>
        ))}
        {partial && oldestX > left + 140 && (
          <text
            x={(left + oldestX) / 2}
            y={(height - bottom) / 2 + 4}
            textAnchor="middle"
            fontSize={11}
            style={{ fill: 'var(--faint)' }}
          >
            older traces are not loaded
          </text>
        )}
        {drag !== undefined && (
          <rect
            x={Math.min(...drag)}
            width={Math.abs(drag[1] - drag[0])}
            y={0}
            height={height - bottom}
            style={{ fill: 'var(--accent)' }}
            opacity={0.18}
          />
        )}
        {marks.map(({ trace, startMs, seconds }) => {
          const [cx, cy] = [x(startMs), y(seconds)];
          if (cx < left) return null;
          const bad = trace.errorCount > 0;
          return (
            <path
              key={trace.traceId}
              d={
                bad
                  ? `M${cx - 4.5} ${cy + 4}L${cx} ${cy - 4.5}L${cx + 4.5} ${cy + 4}Z`
                  : `M${cx - 3.5} ${cy}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0`
              }
              style={{ fill: bad ? 'var(--bad)' : 'var(--accent)' }}
              opacity={bad ? 0.9 : 0.55}
              className="cursor-pointer hover:opacity-100"
              onClick={() =>
                void navigate({ to: '/traces/$traceId', params: { traceId: trace.traceId } })
              }
            >
              <title>{`${trace.rootName} · ${formatSeconds(seconds)}${bad ? ' · error' : ''}`}</title>
            </path>
          );
        })}
      </svg>
    </div>
  );
}
