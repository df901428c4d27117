// The figures of all rounds, and the verdict on them.
import { type Comparison, type FigureName, type Part } from './parts.ts';
import { type ServerName } from './server.ts';

interface Figure {
  readonly part: string;
  readonly server: ServerName;
  readonly name: FigureName;
  /** One of each round. */
  readonly values: number[];
}

export class Figures {
  readonly #figures: Figure[] = [];

  add(part: string, server: ServerName, name: FigureName, value: number): void {
    const figure = this.#find(part, server, name);
    if (figure === undefined) this.#figures.push({ part, server, name, values: [value] });
    else figure.values.push(value);
  }

  /** The median of the rounds; of two rounds the mean. */
  median(part: string, server: ServerName, name: FigureName): number | undefined {
    const values = this.#find(part, server, name)?.values.toSorted((x, y) => x - y);
    if (values === undefined) return undefined;
    const low = values[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
    const high = values[Math.floor(values.length / 2)] ?? Number.NaN;
    return (low + high) / 2;
  }

  toJSON(): readonly Figure[] {
    return this.#figures;
  }

  #find(part: string, server: ServerName, name: FigureName): Figure | undefined {
    return this.#figures.find(
      (figure) => figure.part === part && figure.server === server && figure.name === name,
    );
  }
}

export interface Line {
  readonly name: string;
  readonly ours: number | undefined;
  readonly peer: number | undefined;
  /** Ours over the peer's; without a peer our figure itself. */
  readonly ratio: number | undefined;
  readonly bar: Comparison['bar'];
  /** `told`: there is no bar, or one side was left out on request. */
  readonly verdict: 'ok' | 'MISSED' | 'told';
}

/** @param wanted the servers that were to be measured: what one of them lacks is missed */
export function judge(
  part: Part,
  figures: Figures,
  wanted: readonly ServerName[],
): readonly Line[] {
  return part.comparisons.map(({ figure, peer, bar }): Line => {
    const ours = figures.median(part.name, 'dwcp', figure);
    const theirs = peer && figures.median(part.name, peer, figure);
    const ratio =
      peer === undefined ? ours : ours === undefined || !theirs ? undefined : ours / theirs;
    // The answers are compared with those of Prometheus, although it has no figure there.
    const needed = ['dwcp', peer ?? (figure.endsWith('to Prometheus') ? 'prometheus' : 'dwcp')];
    const isJudged =
      bar !== undefined && needed.every((name) => wanted.some((server) => server === name));
    return {
      name: `${part.name} ${figure}${peer === undefined ? '' : ` / ${peer}`}`,
      ours,
      peer: theirs,
      ratio,
      bar,
      verdict: !isJudged ? 'told' : reaches(ratio, bar) ? 'ok' : 'MISSED',
    };
  });
}

function reaches(
  ratio: number | undefined,
  { atLeast, atMost }: NonNullable<Line['bar']>,
): boolean {
  if (ratio === undefined) return false;
  // Written so that NaN reaches nothing.
  return (atLeast === undefined || ratio >= atLeast) && (atMost === undefined || ratio <= atMost);
}

export function table(lines: readonly Line[]): string {
  const rows = [
    ['', 'ours', 'peer', 'ratio', 'bar', ''],
    ...lines.map(({ name, ours, peer, ratio, bar, verdict }) => [
      name,
      short(ours),
      short(peer),
      // Without a peer there is no ratio, and the bar is for the figure itself.
      ratio === ours ? '-' : short(ratio),
      bar === undefined
        ? '-'
        : bar.atLeast === undefined
          ? `<= ${bar.atMost}`
          : `>= ${bar.atLeast}`,
      verdict === 'told' ? '' : verdict,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three or four digits that count. */
export function short(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: decimals });
}
