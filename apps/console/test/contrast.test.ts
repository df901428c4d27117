import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

const styles = readFileSync(join(import.meta.dirname, '../src/app/styles.css'), 'utf8');
const themes = ['light', 'dark'] as const;

function colorOf(variable: string, theme: (typeof themes)[number]): string {
  const found = new RegExp(`--${variable}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(styles);
  const color = found?.[themes.indexOf(theme) + 1];
  if (color === undefined) throw new Error(`styles.css has no --${variable}`);
  return color;
}

/** Relative luminance. @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

test('black on white is 21:1, as WCAG has it', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

describe.each(themes)('in the %s theme', (theme) => {
  test.each(['green', 'yellow', 'orange', 'red'])('the level %s can be read', (level) => {
    const [back, text] = [`level-${level}`, `on-level-${level}`] as const;
    expect(contrast(colorOf(back, theme), colorOf(text, theme))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(['ok', 'warn', 'bad'])(
    'the tone %s can be read on its badge and on a panel',
    (tone) => {
      const color = colorOf(tone, theme);
      for (const back of [`${tone}-soft`, 'panel', 'raised', 'hover']) {
        expect(contrast(color, colorOf(back, theme))).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  test.each(['text', 'muted', 'faint'])('%s can be read on everything that it is on', (text) => {
    for (const back of ['bg', 'panel', 'raised', 'hover']) {
      expect(contrast(colorOf(text, theme), colorOf(back, theme))).toBeGreaterThanOrEqual(4.5);
    }
  });
});
