import { AnchoredRegExp } from '@dwcp/core';

import { TemplateCallError } from './executor.ts';

const MAX_REPLACEMENTS = 1_000;

/**
 * Replaces every match of an RE2 pattern, as Go's `Regexp.ReplaceAllString`; `$1` and `${name}` in
 * the replacement stand for groups.
 *
 * It walks the text with anchored matches, and so cannot look behind the last match: a pattern with
 * `\b`, or with `^` anywhere but at its start, is refused rather than answered wrongly.
 * @throws TemplateCallError for such a pattern and for one that is no RE2
 */
export function replaceAll(pattern: string, replacement: string, text: string): string {
  const bare = pattern.replaceAll(/\[\^/g, '[').replaceAll('\\^', '');
  const once = /^(?:\^|\\A)/.test(bare);
  if (/\\[bB]|\(\?\w*m/.test(bare) || /\^|\\A/.test(bare.slice(once ? 1 : 0).replace(/^A/, ''))) {
    throw new TemplateCallError(
      `pattern ${JSON.stringify(pattern)}: \\b, (?m) and ^ inside a pattern are not supported`,
    );
  }
  const regexp = compile(pattern);
  // The two groups in front shift the user's by two.
  const shifted = replacement.replaceAll(/\$(?:(\d+)|\{(\d+)\})/g, (_, bareNumber, braced) => {
    const group = Number(bareNumber ?? braced);
    return `\${${group + 2}}`;
  });
  const whole = shifted.replaceAll('${2}', '${dwcpmatch}');
  let output = '';
  let rest = text;
  for (let count = 0; count < MAX_REPLACEMENTS; count++) {
    const before = regexp.expand(rest, '${dwcpbefore}');
    if (before === undefined) return output + rest;
    const match = regexp.expand(rest, '${dwcpmatch}') ?? '';
    output += before + (regexp.expand(rest, whole) ?? '');
    rest = rest.slice(before.length + match.length);
    if (match === '') {
      // An empty match stands before a character; that character is copied, not tried again.
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      if (rest === '') return output;
      output += character;
      rest = rest.slice(character.length);
    }
    if (once) return output + rest;
    if (rest === '' && match !== '') return output;
  }
  throw new TemplateCallError(`more than ${MAX_REPLACEMENTS} matches`);
}

function compile(pattern: string): AnchoredRegExp {
  try {
    return new AnchoredRegExp(
      `(?P<dwcpbefore>.*?)(?P<dwcpmatch>(?-s:${pattern}))(?P<dwcpafter>.*)`,
    );
  } catch (error) {
    throw new TemplateCallError(error instanceof Error ? error.message : String(error));
  }
}
