import { TemplateError } from './template-error.ts';

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'string'
  | 'char'
  | 'number'
  | 'bool'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'nil'
  | 'dot'
  | 'pipe'
  | 'comma'
  | 'open'
  | 'close'
  | 'declare'
  | 'assign'
  | 'eof';

export interface Token {
  readonly kind: TokenKind;
  /** As written; a trimmed text is already trimmed. */
  readonly text: string;
  /** Offset of the first character. */
  readonly position: number;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'if',
  'else',
  'end',
  'range',
  'with',
  'define',
  'template',
  'block',
  'break',
  'continue',
]);

const SPACE = /[ \t\r\n]/;

/** What can stand inside an action, in the order it is tried. */
const INSIDE: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['declare', /:=/y],
  ['assign', /=/y],
  ['pipe', /\|/y],
  ['comma', /,/y],
  ['open', /\(/y],
  ['close', /\)/y],
  ['string', /"(?:[^"\\\n]|\\.)*"/y],
  ['string', /`[^`]*`/y],
  ['char', /'(?:[^'\\\n]|\\[^\n])+'/y],
  [
    'number',
    /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y,
  ],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['dot', /\./y],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['identifier', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
];

/**
 * Splits a Go text template into tokens.
 * @throws TemplateError for an action that is not closed or holds a character that means nothing
 * @see https://pkg.go.dev/text/template
 */
export function tokenize(name: string, source: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf('{{', position);
    let text = source.slice(position, open === -1 ? source.length : open);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    const trimsLeft = open !== -1 && source[open + 2] === '-' && SPACE.test(source[open + 3] ?? '');
    if (trimsLeft) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') tokens.push({ kind: 'text', text, position });
    if (open === -1) break;

    const start = open + (trimsLeft ? 4 : 2);
    if (source.startsWith('/*', start)) {
      const end = source.indexOf('*/', start + 2);
      if (end === -1) fail(name, source, open, 'unclosed comment');
      const close = /^(\s-)?\}\}/.exec(source.slice(end + 2));
      if (close === null) fail(name, source, open, 'comment ends before closing delimiter');
      position = end + 2 + close[0].length;
      trimNext = close[1] !== undefined;
      continue;
    }
    tokens.push({ kind: 'left', text: '{{', position: open });
    const end = tokenizeAction(name, source, start, tokens);
    position = end.position;
    trimNext = end.trims;
  }
  tokens.push({ kind: 'eof', text: '', position: source.length });
  return tokens;
}

function tokenizeAction(
  name: string,
  source: string,
  start: number,
  tokens: Token[],
): { readonly position: number; readonly trims: boolean } {
  let position = start;
  let depth = 0;
  for (;;) {
    const close = /^(?:[ \t\r\n]-)?\}\}/.exec(source.slice(position, position + 4));
    if (close !== null) {
      if (depth > 0) fail(name, source, position, 'unclosed left paren');
      tokens.push({ kind: 'right', text: close[0], position });
      return { position: position + close[0].length, trims: close[0].length > 2 };
    }
    if (position >= source.length) fail(name, source, position, 'unclosed action');
    const token = nextToken(name, source, position);
    // A blank before the trimming close belongs to the close.
    if (token.kind === 'space' && source.startsWith('-}}', position + token.text.length)) {
      const shorter = token.text.slice(0, -1);
      if (shorter !== '') tokens.push({ ...token, text: shorter });
      position += shorter.length;
      continue;
    }
    if (token.kind === 'open') depth++;
    if (token.kind === 'close' && --depth < 0) {
      fail(name, source, position, 'unexpected right paren');
    }
    tokens.push(token);
    position += token.text.length;
  }
}

function nextToken(name: string, source: string, position: number): Token {
  for (const [kind, pattern] of INSIDE) {
    pattern.lastIndex = position;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) continue;
    if (kind === 'number' && /[\p{L}_]/u.test(source[position + text.length] ?? '')) {
      fail(
        name,
        source,
        position,
        `bad number syntax: ${JSON.stringify(text + (source[position + text.length] ?? ''))}`,
      );
    }
    if (kind !== 'identifier') return { kind, text, position };
    if (KEYWORDS.has(text)) return { kind: 'keyword', text, position };
    if (text === 'true' || text === 'false') return { kind: 'bool', text, position };
    return { kind: text === 'nil' ? 'nil' : 'identifier', text, position };
  }
  const found = source.codePointAt(position) ?? 0;
  const character = String.fromCodePoint(found);
  if (character === '"') fail(name, source, position, 'unterminated quoted string');
  if (character === '`') fail(name, source, position, 'unterminated raw quoted string');
  if (character === "'") fail(name, source, position, 'unterminated character constant');
  if (character === ':') fail(name, source, position, 'expected :=');
  const code = `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
  const shown = /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? `${code} '${character}'` : code;
  fail(name, source, position, `unrecognized character in action: ${shown}`);
}

/** @throws TemplateError worded as Go's parser does: template name, line, problem */
export function fail(name: string, source: string, position: number, problem: string): never {
  throw new TemplateError(`template: ${name}:${lineAt(source, position)}: ${problem}`);
}

function lineAt(source: string, position: number): number {
  return source.slice(0, position).split('\n').length;
}
