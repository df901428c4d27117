import { type ReactNode } from 'react';

/** A line without axes, for rows of a table. Unknown values are gaps. */
export function Sparkline({
  values,
  color = '--series-1',
  width = 120,
  height = 20,
  label,
}: {
  readonly values: readonly (number | null)[];
  readonly color?: string;
  readonly width?: number;
  readonly height?: number;
  readonly label: string;
}): ReactNode {
  return (
    <svg role="img" aria-label={label} width={width} height={height} className="overflow-visible">
      <path
        d={sparklinePath(values, width, height)}
        fill="none"
        style={{ stroke: `var(${color})` }}
        strokeWidth={1.25}
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** An SVG path from zero at the bottom to the highest value at the top; a null lifts the pen. */
export function sparklinePath(
  values: readonly (number | null)[],
  width: number,
  height: number,
): string {
  let max = 0;
  for (const value of values) if (value !== null && value > max) max = value;
  const stepX = values.length > 1 ? width / (values.length - 1) : 0;
  let path = '';
  let penDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      penDown = false;
      return;
    }
    const y = max === 0 ? height - 1 : height - 1 - (Math.max(0, value) / max) * (height - 2);
    path += `${penDown ? 'L' : 'M'}${(index * stepX).toFixed(1)} ${y.toFixed(1)}`;
    penDown = true;
  });
  return path;
}
