import { quote } from './go-text.ts';
import { type Token, type TokenType, wordType } from './tokens.ts';

const DECIMAL = '0123456789';
const HEX = '0123456789abcdefABCDEF';

/** Words that may stand in a range or offset besides numbers: `foo[max_of(step(), 5s)]`. */
const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'min_of', 'max_of']);

/**
 * Cuts an expression into tokens, one at a time, because what a character means depends on the
 * brackets around it. A fault ends the stream with one `error` token in Prometheus' own words.
 */
export class Lexer {
  readonly #input: string;
  #pos = 0;
  #start = 0;
  #parenDepth = 0;
  #inBraces = false;
  #inBrackets = false;
  #gotColon = false;
  /** Straight after `[`, before the first duration: only duration expressions may follow. */
  #inDuration = false;
  #gotDuration = false;
  #failed = false;

  constructor(input: string) {
    this.#input = input;
  }

  next(): Token {
    if (this.#failed) return this.#token('end of input');
    this.#skipBlank();
    this.#start = this.#pos;
    if (this.#inBraces) return this.#insideBraces();
    if (this.#inDuration) return this.#duration();
    return this.#statement();
  }

  #statement(): Token {
    const char = this.#take();
    switch (char) {
      case '':
        if (this.#parenDepth !== 0) return this.#error('unclosed left parenthesis');
        if (this.#inBrackets) return this.#error('unclosed left bracket');
        return this.#token('end of input');
      case ',':
      case '*':
      case '/':
      case '%':
      case '+':
      case '-':
      case '^':
      case '@':
        return this.#token(char);
      case '=':
        if (this.#accept('=')) return this.#token('==');
        if (this.#peek() === '~') return this.#error("unexpected character after '=': '~'");
        return this.#token('=');
      case '!': {
        const following = this.#take();
        if (following === '=') return this.#token('!=');
        return this.#error(`unexpected character after '!': ${rune(following)}`);
      }
      case '<':
        if (this.#accept('/')) return this.#token('</');
        return this.#token(this.#accept('=') ? '<=' : '<');
      case '>':
        if (this.#accept('/')) return this.#token('>/');
        return this.#token(this.#accept('=') ? '>=' : '>');
      case '"':
      case "'":
        return this.#string(char);
      case '`':
        return this.#rawString();
      case '(':
        this.#parenDepth++;
        return this.#token('(');
      case ')':
        return this.#closeParen();
      case '{':
        this.#inBraces = true;
        return this.#token('{');
      case '[':
        if (this.#inBrackets) return this.#error("unexpected left bracket '['");
        this.#inBrackets = true;
        this.#inDuration = true;
        this.#gotColon = false;
        this.#gotDuration = false;
        return this.#token('[');
      case ']':
        if (!this.#inBrackets) return this.#error("unexpected right bracket ']'");
        this.#inBrackets = false;
        return this.#token(']');
      default:
        return this.#wordOrNumber(char);
    }
  }

  #wordOrNumber(char: string): Token {
    if (isDigit(char) || (char === '.' && isDigit(this.#peek()))) {
      this.#pos = this.#start;
      return this.#numberOrDuration();
    }
    if (!isAlpha(char) && char !== ':') {
      return this.#error(`unexpected character: ${rune(char)}`);
    }
    if (this.#inBrackets) {
      if (char === ':') {
        if (this.#gotColon) return this.#error(`unexpected colon ':'`);
        this.#gotColon = true;
        return this.#token(':');
      }
      return (
        this.#durationWord() ?? this.#error(`unexpected character: ${rune(char)}, expected ':'`)
      );
    }
    while (isAlphaNumeric(this.#peek()) || this.#peek() === ':') this.#pos++;
    return this.#token(wordType(this.#input.slice(this.#start, this.#pos)));
  }

  #insideBraces(): Token {
    const char = this.#take();
    switch (char) {
      case '':
        return this.#error('unexpected end of input inside braces');
      case ',':
        return this.#token(',');
      case '"':
      case "'":
        return this.#string(char);
      case '`':
        return this.#rawString();
      case '=':
        return this.#token(this.#accept('~') ? '=~' : '=');
      case '!': {
        const following = this.#take();
        if (following === '~') return this.#token('!~');
        if (following === '=') return this.#token('!=');
        return this.#error(`unexpected character after '!' inside braces: ${rune(following)}`);
      }
      case '{':
        return this.#error("unexpected left brace '{'");
      case '}':
        this.#inBraces = false;
        return this.#token('}');
      default:
        if (!isAlpha(char)) {
          return this.#error(`unexpected character inside braces: ${rune(char)}`);
        }
        while (isAlphaNumeric(this.#peek())) this.#pos++;
        return this.#token('identifier');
    }
  }

  #duration(): Token {
    const char = this.#take();
    switch (char) {
      case '':
        return this.#error('unexpected end of input in duration expression');
      case ']':
        this.#inBrackets = false;
        this.#inDuration = false;
        return this.#token(']');
      case ':':
        if (!this.#gotDuration) {
          return this.#error('unexpected colon before duration in duration expression');
        }
        if (this.#gotColon) {
          return this.#error('unexpected repeated colon in duration expression');
        }
        this.#gotColon = true;
        return this.#token(':');
      case '(':
        this.#parenDepth++;
        return this.#token('(');
      case ')':
        return this.#closeParen();
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '^':
      case ',':
        return this.#token(char);
      default: {
        if (isDigit(char) || (char === '.' && isDigit(this.#peek()))) {
          this.#pos = this.#start;
          this.#gotDuration = true;
          this.#inDuration = false;
          return this.#numberOrDuration();
        }
        const word = this.#durationWord();
        if (word === undefined) {
          return this.#error(`unexpected character in duration expression: ${rune(char)}`);
        }
        this.#gotDuration = true;
        return word;
      }
    }
  }

  #durationWord(): Token | undefined {
    let end = this.#pos;
    while (isAlphaNumeric(this.#input[end] ?? '')) end++;
    if (!DURATION_WORDS.has(this.#input.slice(this.#start, end).toLowerCase())) return undefined;
    this.#pos = end;
    return this.#token('identifier');
  }

  #closeParen(): Token {
    this.#parenDepth--;
    if (this.#parenDepth < 0) return this.#error("unexpected right parenthesis ')'");
    return this.#token(')');
  }

  #string(mark: string): Token {
    for (;;) {
      const char = this.#take();
      if (char === mark) return this.#token('string');
      if (char === '' || char === '\n') return this.#error('unterminated quoted string');
      if (isBroken(char)) return this.#error('invalid UTF-8 rune');
      if (char === '\\') {
        const problem = this.#escape(mark);
        if (problem !== undefined) return this.#error(problem);
      }
    }
  }

  /** Reads one escape sequence, as Go's scanner has them. */
  #escape(mark: string): string | undefined {
    const kind = this.#take();
    if (kind === '') return 'escape sequence not terminated';
    if (kind === mark || 'abfnrtv\\'.includes(kind)) return undefined;
    let digits: number;
    let base = 16;
    let limit = 0x10ffff;
    if (kind >= '0' && kind <= '7') {
      [digits, base, limit] = [3, 8, 255];
      this.#pos--;
    } else if (kind === 'x') [digits, limit] = [2, 255];
    else if (kind === 'u') digits = 4;
    else if (kind === 'U') digits = 8;
    else return `unknown escape sequence ${unicode(kind)}`;
    let code = 0;
    for (; digits > 0; digits--) {
      const char = this.#take();
      if (char === '') return 'escape sequence not terminated';
      const digit = parseInt(char, base);
      if (Number.isNaN(digit)) return `illegal character ${unicode(char)} in escape sequence`;
      code = code * base + digit;
    }
    if (code > limit || (code >= 0xd800 && code < 0xe000)) {
      return 'escape sequence is an invalid Unicode code point';
    }
    return undefined;
  }

  #rawString(): Token {
    for (;;) {
      const char = this.#take();
      if (char === '`') return this.#token('string');
      if (char === '') return this.#error('unterminated raw string');
      if (isBroken(char)) return this.#error('invalid UTF-8 rune');
    }
  }

  #numberOrDuration(): Token {
    if (this.#scanNumber()) return this.#token('number');
    if (this.#scanRestOfDuration()) return this.#token('duration');
    return this.#error(
      `bad number or duration syntax: ${quote(this.#input.slice(this.#start, this.#pos))}`,
    );
  }

  /** Reads what looks like a number; the parser finds out whether it is one. */
  #scanNumber(): boolean {
    let digits = DECIMAL;
    if (this.#accept('0') && this.#accept('xX')) {
      this.#accept('_');
      digits = HEX;
    }
    const isHex = digits === HEX;
    this.#accept('.');
    this.#accept(digits);
    let dotSeen = false;
    let exponentSeen = false;
    for (;;) {
      const char = this.#peek();
      if (char === '' || !`${digits}._eE`.includes(char)) break;
      if (char === '.') {
        this.#pos++;
        // Neither a second dot nor a fraction of a hexadecimal number.
        if (dotSeen || this.#accept('_.') || isHex) return false;
        dotSeen = true;
      } else if (!isHex && (char === 'e' || char === 'E')) {
        this.#pos++;
        if (exponentSeen) return false;
        exponentSeen = true;
        this.#accept('+-');
        if (this.#accept('._eE') || this.#peek() === '') return false;
      } else if (char === '_') {
        this.#pos++;
        if (this.#accept('._eE') || this.#peek() === '') return false;
      } else this.#acceptRun(digits);
    }
    return this.#pos > this.#start && !isAlphaNumeric(this.#peek());
  }

  #scanRestOfDuration(): boolean {
    if (!this.#accept('smhdwy')) return false;
    // The `s` of `ms`; that `hs` is no unit is found when the duration is read.
    this.#accept('s');
    while (this.#accept(DECIMAL)) {
      this.#acceptRun(DECIMAL);
      if (!this.#accept('smhdw')) return false;
      this.#accept('s');
    }
    if (!isAlphaNumeric(this.#peek())) return true;
    this.#pos++;
    return false;
  }

  #skipBlank(): void {
    for (;;) {
      const char = this.#peek();
      if (char === '#') {
        while (this.#peek() !== '' && !'\r\n'.includes(this.#peek())) this.#pos++;
      } else if (char === '' || !' \t\n\r'.includes(char)) return;
      else this.#pos++;
    }
  }

  #peek(): string {
    return this.#input[this.#pos] ?? '';
  }

  /** The next whole character, '' at the end. */
  #take(): string {
    const code = this.#input.codePointAt(this.#pos);
    if (code === undefined) return '';
    const char = String.fromCodePoint(code);
    this.#pos += char.length;
    return char;
  }

  #accept(chars: string): boolean {
    const char = this.#peek();
    if (char === '' || !chars.includes(char)) return false;
    this.#pos++;
    return true;
  }

  #acceptRun(chars: string): void {
    while (this.#accept(chars));
  }

  #token(type: TokenType): Token {
    const text = this.#input.slice(this.#start, this.#pos);
    return { type, text, start: this.#start, end: this.#pos };
  }

  #error(problem: string): Token {
    this.#failed = true;
    return { type: 'error', text: problem, start: this.#start, end: this.#input.length };
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1;
}

function isAlpha(char: string): boolean {
  return /^[a-zA-Z_]$/.test(char);
}

function isAlphaNumeric(char: string): boolean {
  return isAlpha(char) || isDigit(char);
}

/** What cannot be written as UTF-8: half a surrogate pair, or what a decoder put in for such. */
function isBroken(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code === 0xfffd || (code >= 0xd800 && code < 0xe000);
}

function rune(char: string): string {
  // Go prints the end of the text as the rune -1.
  return char === '' ? "'\uFFFD'" : quote(char, "'");
}

function unicode(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} '${char}'`;
}
