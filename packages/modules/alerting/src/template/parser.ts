import { fail, type Token, tokenize, type TokenKind } from './lexer.ts';
import { type ArgNode, type CommandNode, type Node, type PipeNode, type Tree } from './nodes.ts';
import { unquote } from './unquote.ts';

export interface ParseOptions {
  /** Which functions exist. */
  readonly functions: { has(name: string): boolean };
  /** Why a function that Prometheus or Go has is missing here, by name. */
  readonly unsupported?: ReadonlyMap<string, string>;
  /** Variables set before the template runs, with their `$`. */
  readonly variables?: readonly string[];
}

/** Deepest nesting of blocks and parentheses. */
const MAX_DEPTH = 100;

/**
 * Parses Go's text/template language.
 * @throws TemplateError with the line and, as far as it can be told, Go's own words
 */
export function parseTemplate(name: string, source: string, options: ParseOptions): Tree {
  return new Parser(name, source, options).parse();
}

type BlockEnd = 'end' | 'else' | 'eof';

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #options: ParseOptions;
  readonly #tokens: readonly Token[];
  readonly #defined = new Map<string, readonly Node[]>();
  #index = 0;
  #depth = 0;
  #rangeDepth = 0;
  #variables: string[];

  constructor(name: string, source: string, options: ParseOptions) {
    this.#name = name;
    this.#source = source;
    this.#options = options;
    this.#tokens = tokenize(name, source);
    this.#variables = ['$', ...(options.variables ?? [])];
  }

  parse(): Tree {
    const { nodes } = this.#block(['eof'], true);
    return { name: this.#name, source: this.#source, body: nodes, defined: this.#defined };
  }

  /** Nodes up to one of the given ends, which is taken. */
  #block(
    ends: readonly BlockEnd[],
    top = false,
  ): { readonly nodes: readonly Node[]; readonly end: BlockEnd } {
    if (++this.#depth > MAX_DEPTH) this.#fail('blocks are nested too deep');
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'eof') {
        if (!ends.includes('eof')) this.#fail('unexpected EOF', token);
        this.#depth--;
        return { nodes, end: 'eof' };
      }
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const first = this.#peekNonSpace();
      if (first.kind !== 'keyword') {
        nodes.push(this.#action());
        continue;
      }
      this.#nextNonSpace();
      if (first.text === 'end' || first.text === 'else') {
        const end = first.text;
        if (!ends.includes(end)) this.#fail(`unexpected {{${end}}}`, first);
        if (end === 'end') this.#expect('right', 'end');
        this.#depth--;
        return { nodes, end };
      }
      if (first.text === 'define') {
        if (!top) this.#fail('unexpected {{define}}', first);
        this.#define();
        continue;
      }
      nodes.push(this.#keyword(first));
    }
  }

  #keyword(token: Token): Node {
    const { position } = token;
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(token.text, position);
      case 'template':
      case 'block': {
        const name = this.#templateName(`${token.text} clause`);
        const hasPipe = this.#peekNonSpace().kind !== 'right';
        const known = this.#variables.length;
        const pipe = hasPipe || token.text === 'block' ? this.#pipeline(token.text) : undefined;
        this.#expect('right', token.text);
        if (token.text === 'block') {
          this.#define(name);
          this.#variables.length = known;
        }
        return {
          kind: 'template',
          name,
          pipe,
          position,
          text: `{{template ${JSON.stringify(name)}${pipe === undefined ? '' : ` ${pipe.text}`}}}`,
        };
      }
      case 'break':
      case 'continue': {
        if (this.#rangeDepth === 0) this.#fail(`{{${token.text}}} outside {{range}}`, token);
        this.#expect('right', token.text);
        return { kind: token.text, position, text: `{{${token.text}}}` };
      }
      default:
        return this.#fail(`unexpected {{${token.text}}}`, token);
    }
  }

  #control(kind: 'if' | 'with' | 'range', position: number): Node {
    const known = this.#variables.length;
    const pipe = this.#pipeline(kind);
    this.#expect('right', kind);
    if (kind === 'range') this.#rangeDepth++;
    const { nodes: body, end } = this.#block(['end', 'else']);
    if (kind === 'range') this.#rangeDepth--;
    let otherwise: readonly Node[] = [];
    if (end === 'else') {
      const next = this.#peekNonSpace();
      if (next.kind === 'keyword' && next.text === kind && kind !== 'range') {
        // `{{else if}}` is an if inside the else, closed by the same `{{end}}`.
        this.#nextNonSpace();
        if (++this.#depth > MAX_DEPTH) this.#fail('blocks are nested too deep');
        otherwise = [this.#control(kind, next.position)];
        this.#depth--;
      } else {
        this.#expect('right', 'else');
        otherwise = this.#block(['end']).nodes;
      }
    }
    this.#variables.length = known;
    return { kind, pipe, body, otherwise, position, text: `{{${kind} ${pipe.text}}}` };
  }

  /** The body of `{{define "name"}}`, or of `{{block "name" pipe}}` when the name is known. */
  #define(blockName?: string): void {
    const name = blockName ?? this.#templateName('define clause');
    if (blockName === undefined) this.#expect('right', 'define clause');
    const outer = this.#variables;
    this.#variables = ['$'];
    const rangeDepth = this.#rangeDepth;
    this.#rangeDepth = 0;
    const { nodes } = this.#block(['end']);
    this.#rangeDepth = rangeDepth;
    this.#variables = outer;
    this.#defined.set(name, nodes);
  }

  #templateName(context: string): string {
    const token = this.#nextNonSpace();
    if (token.kind !== 'string') this.#unexpected(token, context);
    return this.#unquote(token);
  }

  #action(): Node {
    const { position } = this.#peekNonSpace();
    const pipe = this.#pipeline('command');
    this.#expect('right', 'command');
    return { kind: 'action', pipe, position, text: `{{${pipe.text}}}` };
  }

  /** A pipeline up to, not including, its closing token. */
  #pipeline(context: string): PipeNode {
    const { position } = this.#peekNonSpace();
    const { variables, assigns } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peekNonSpace();
      if (token.kind === 'right' || token.kind === 'close') {
        if (commands.length === 0) this.#fail(`missing value for ${context}`, token);
        break;
      }
      commands.push(this.#command());
    }
    for (const [index, command] of commands.entries()) {
      const { kind } = command.args[0];
      if (index > 0 && (kind === 'literal' || kind === 'nil' || kind === 'dot')) {
        this.#fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
    if (assigns === 'declare') this.#variables.push(...variables);
    const head =
      assigns === undefined ? '' : `${variables.join(', ')} ${assigns === 'declare' ? ':=' : '='} `;
    const text = head + commands.map((command) => command.text).join(' | ');
    return { kind: 'pipe', variables, assigns, commands, position, text };
  }

  #declarations(context: string): Pick<PipeNode, 'variables' | 'assigns'> {
    const start = this.#index;
    const variables: string[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind !== 'variable') break;
      variables.push(token.text);
      const next = this.#nextNonSpace();
      if (next.kind === 'declare' || next.kind === 'assign') {
        if (variables.length > 2) this.#fail(`too many declarations in ${context}`, next);
        if (next.kind === 'assign') for (const name of variables) this.#checkVariable(name, token);
        return { variables, assigns: next.kind };
      }
      // Only `range $index, $element := ...` has two.
      if (next.kind !== 'comma' || context !== 'range') break;
    }
    this.#index = start;
    return { variables: [], assigns: undefined };
  }

  #command(): CommandNode {
    const { position } = this.#peekNonSpace();
    const args: ArgNode[] = [];
    for (;;) {
      this.#skipSpace();
      const arg = this.#operand();
      if (arg !== undefined) args.push(arg);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right' || token.kind === 'close') this.#index--;
      else if (token.kind === 'pipe') {
        const after = this.#peekNonSpace();
        if (after.kind === 'right' || after.kind === 'close') {
          this.#fail('missing value for command', after);
        }
      } else this.#unexpected(token, 'operand');
      break;
    }
    const [first, ...rest] = args;
    if (first === undefined) this.#fail('empty command');
    const text = args.map((arg) => (arg.kind === 'pipe' ? `(${arg.text})` : arg.text)).join(' ');
    return { kind: 'command', args: [first, ...rest], position, text };
  }

  /** A term and the fields that follow it without a blank. */
  #operand(): ArgNode | undefined {
    const term = this.#term();
    if (term === undefined) return undefined;
    const path: string[] = [];
    for (let token = this.#peek(); token.kind === 'field'; token = this.#peek()) {
      this.#next();
      path.push(token.text.slice(1));
    }
    if (path.length === 0) return term;
    const suffix = path.map((name) => `.${name}`).join('');
    const { position } = term;
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, path: [...term.path, ...path], text: term.text + suffix };
      case 'literal':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${JSON.stringify(term.text)}`);
      case 'chain':
      case 'identifier':
      case 'pipe': {
        const head = term.kind === 'pipe' ? `(${term.text})` : term.text;
        return { kind: 'chain', base: term, path, position, text: head + suffix };
      }
    }
  }

  #term(): ArgNode | undefined {
    const token = this.#next();
    const { text, position } = token;
    switch (token.kind) {
      case 'identifier':
        this.#checkFunction(token);
        return { kind: 'identifier', name: text, position, text };
      case 'dot':
        return { kind: 'dot', position, text };
      case 'nil':
        return { kind: 'nil', position, text };
      case 'variable':
        this.#checkVariable(text, token);
        return { kind: 'variable', name: text, path: [], position, text };
      case 'field':
        return { kind: 'field', path: [text.slice(1)], position, text };
      case 'bool':
        return { kind: 'literal', value: text === 'true', position, text };
      case 'string':
        return { kind: 'literal', value: this.#unquote(token), position, text };
      case 'char':
        return {
          kind: 'literal',
          value: BigInt(this.#unquote(token).codePointAt(0) ?? 0),
          position,
          text,
        };
      case 'number':
        return { kind: 'literal', value: this.#number(token), position, text };
      case 'open': {
        if (++this.#depth > MAX_DEPTH) this.#fail('parentheses are nested too deep', token);
        const pipe = this.#pipeline('parenthesized pipeline');
        this.#expect('close', 'parenthesized pipeline');
        this.#depth--;
        return pipe;
      }
      case 'text':
      case 'left':
      case 'right':
      case 'space':
      case 'keyword':
      case 'pipe':
      case 'comma':
      case 'close':
      case 'declare':
      case 'assign':
      case 'eof':
        this.#index--;
        return undefined;
    }
  }

  #number(token: Token): number | bigint {
    const text = token.text.replaceAll('_', '').replace(/^\+/, '');
    if (/^-?(?:0|[1-9]\d*)$/.test(text)) return BigInt(text);
    if (/^-?0[xXbBoO]/.test(text)) {
      return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
    }
    if (/^-?0[0-7]+$/.test(text)) return BigInt(text.replace('0', '0o').replace(/^-/, ''));
    const value = Number(text);
    if (Number.isNaN(value)) this.#fail(`illegal number syntax: ${token.text}`, token);
    return value;
  }

  #unquote(token: Token): string {
    return (
      unquote(token.text) ?? this.#fail(`bad string or character constant ${token.text}`, token)
    );
  }

  #checkVariable(name: string, token: Token): void {
    if (!this.#variables.includes(name)) {
      this.#fail(`undefined variable ${JSON.stringify(name)}`, token);
    }
  }

  #checkFunction(token: Token): void {
    if (this.#options.functions.has(token.text)) return;
    const reason = this.#options.unsupported?.get(token.text);
    const name = JSON.stringify(token.text);
    if (reason === undefined) this.#fail(`function ${name} not defined`, token);
    this.#fail(`function ${name} is not supported: ${reason}`, token);
  }

  #next(): Token {
    const token = this.#tokens[this.#index] ?? this.#tokens.at(-1);
    if (token === undefined) throw new Error('a template always has an end token');
    this.#index++;
    return token;
  }

  #peek(): Token {
    const token = this.#next();
    this.#index--;
    return token;
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#next();
  }

  #nextNonSpace(): Token {
    this.#skipSpace();
    return this.#next();
  }

  #peekNonSpace(): Token {
    this.#skipSpace();
    return this.#peek();
  }

  #expect(kind: TokenKind, context: string): void {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    const shown = token.kind === 'eof' ? 'EOF' : `<${token.text}>`;
    this.#fail(`unexpected ${shown} in ${context}`, token);
  }

  #fail(problem: string, token: Token = this.#peek()): never {
    fail(this.#name, this.#source, token.position, problem);
  }
}
