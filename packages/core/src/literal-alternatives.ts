const SPECIAL = /[\\.+*?()[\]{}^$]/;

/**
 * The texts that a pattern such as `a|b\.c|d` or `(a|b)` matches as a whole; undefined for one that is more
 * than a choice of plain texts. Dashboards write such patterns, with thousands of values.
 */
export function literalAlternatives(pattern: string): ReadonlySet<string> | undefined {
  const inner = /^\((?:\?:)?([^()]*)\)$/s.exec(pattern)?.[1] ?? pattern;
  if (!SPECIAL.test(inner)) return new Set(inner.split('|'));
  const texts = new Set<string>();
  let text = '';
  for (let i = 0; i < inner.length; i++) {
    const character = inner.charAt(i);
    if (character === '|') {
      texts.add(text);
      text = '';
    } else if (character === '\\') {
      const escaped = inner.charAt(++i);
      // Of letters and digits an escape means something else.
      if (!/^[!-/:-@[-`{-~]$/.test(escaped)) return undefined;
      text += escaped;
    } else if (SPECIAL.test(character)) return undefined;
    else text += character;
  }
  return texts.add(text);
}
