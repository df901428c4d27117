import { subscribeTheme } from '../app/theme.ts';

/** CSS variables of the categorical palette, in the order series take them. */
export const SERIES_COLORS = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `--series-${n}`);

export function seriesColor(index: number): string {
  return SERIES_COLORS[index % SERIES_COLORS.length] ?? '--series-8';
}

const cache = new Map<string, string>();
subscribeTheme(() => cache.clear());

/** A CSS variable as a colour a canvas understands, in the theme now shown. */
export function resolveColor(variable: string): string {
  const known = cache.get(variable);
  if (known !== undefined) return known;
  // A custom property holding light-dark() resolves only where it is used.
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  probe.hidden = true;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  cache.set(variable, color);
  return color;
}

/** A resolved `rgb(...)` with another opacity. */
export function withAlpha(color: string, alpha: number): string {
  const found = /^rgba?\((\d+),? (\d+),? (\d+)/.exec(color);
  return found === null ? color : `rgba(${found[1]}, ${found[2]}, ${found[3]}, ${alpha})`;
}

const names = new Map<string, string>();
const namedColors = 7;

/**
 * The same colour for the same name on every page of a session. A name starts at a place of its
 * own, and moves on from one that is taken while there are free ones.
 */
export function nameColor(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  let hash = 2_166_136_261;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  let index = (hash >>> 0) % namedColors;
  const taken = new Set(names.values());
  for (let i = 0; i < namedColors && taken.has(seriesColor(index)); i += 1) {
    index = (index + 1) % namedColors;
  }
  names.set(name, seriesColor(index));
  return seriesColor(index);
}
