import {
  formatValue,
  GoList,
  type GoMethod,
  GoMap,
  GoStruct,
  isTruthy,
  typeNameOf,
} from './go-values.ts';
import { methodOf } from './methods.ts';
import { type ArgNode, type CommandNode, type Node, type PipeNode, type Tree } from './nodes.ts';
import { TemplateCallError, TemplateError } from './template-error.ts';

export { TemplateCallError } from './template-error.ts';

/** A function that templates call. */
export interface TemplateFunction {
  /** Fewest and most arguments. */
  readonly arity: readonly [min: number, max: number];
  /** @throws Error whose message says what is wrong; it is wrapped with the place */
  readonly call: (args: readonly unknown[]) => unknown;
}

export interface ExecuteOptions {
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  readonly data: unknown;
  /** Variables by name, with their `$`. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Asking a map of anything for an absent key is an error. Default false. */
  readonly failOnMissingKey?: boolean;
  /** Most characters of output. Default 64 Ki. */
  readonly maxLength?: number;
  /** Most nodes looked at. Default 100,000. */
  readonly maxSteps?: number;
  /** Templates from elsewhere, by name; those that the text defines itself go first. */
  readonly library?: ReadonlyMap<string, LibraryTemplate>;
  /**
   * How an action's value becomes text, such as with HTML escaped. Default: as Go's `%v`.
   * @param before the end of what was printed so far
   */
  readonly print?: (value: unknown, before: string) => string;
}

/** A template that another text defined. */
export interface LibraryTemplate {
  readonly tree: Tree;
  readonly body: readonly Node[];
}

/** What stands behind a field: `.Remove .Names` has one argument. Evaluated only by a method. */
interface FieldArgs {
  readonly count: number;
  readonly values: () => readonly unknown[];
}

const NO_ARGS: FieldArgs = { count: 0, values: () => [] };

interface Place {
  readonly position: number;
  readonly text: string;
}

type Flow = 'next' | 'break' | 'continue';

const MAX_TEMPLATE_DEPTH = 50;
const MAX_STEPS = 100_000;
const MAX_LENGTH = 65_536;
/** As much of what was printed is shown to `print`. */
const BEFORE_LENGTH = 200;

/** Runs a parsed template. @throws TemplateError naming the place, worded as Go does */
export function executeTemplate(tree: Tree, options: ExecuteOptions): string {
  return new Executor(tree, options).run();
}

class Executor {
  /** The text that the template at hand stands in. */
  #tree: Tree;
  readonly #options: ExecuteOptions;
  readonly #entry: Tree;
  readonly #maxSteps: number;
  readonly #output: string[] = [];
  #length = 0;
  #steps = 0;
  #depth = 0;
  #templateName: string;
  /** The node being looked at, for error messages. */
  #at: Place = { position: 0, text: '' };
  #scope: [string, unknown][];

  constructor(tree: Tree, options: ExecuteOptions) {
    this.#tree = tree;
    this.#entry = tree;
    this.#options = options;
    this.#maxSteps = options.maxSteps ?? MAX_STEPS;
    this.#templateName = tree.name;
    this.#scope = [['$', options.data], ...Object.entries(options.variables ?? {})];
  }

  run(): string {
    this.#walk(this.#tree.body, this.#options.data);
    return this.#output.join('');
  }

  #walk(nodes: readonly Node[], dot: unknown): Flow {
    for (const node of nodes) {
      const flow = this.#visit(node, dot);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  #visit(node: Node, dot: unknown): Flow {
    this.#step();
    if (node.kind === 'text') {
      this.#print(node.text);
      return 'next';
    }
    this.#at = node;
    switch (node.kind) {
      case 'action': {
        const value = this.#pipeline(node.pipe, dot);
        if (node.pipe.assigns === undefined) {
          this.#print(this.#textOf(value === undefined ? '<no value>' : value));
        }
        return 'next';
      }
      case 'if':
      case 'with': {
        const known = this.#scope.length;
        const value = this.#pipeline(node.pipe, dot);
        const inner = node.kind === 'with' ? value : dot;
        const flow = isTruthy(value)
          ? this.#walk(node.body, inner)
          : this.#walk(node.otherwise, dot);
        this.#scope.length = known;
        return flow;
      }
      case 'range':
        return this.#range(node, dot);
      case 'template':
        this.#callTemplate(node, dot);
        return 'next';
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: unknown): Flow {
    const known = this.#scope.length;
    const { variables } = node.pipe;
    const over = this.#pipeline({ ...node.pipe, variables: [], assigns: undefined }, dot);
    let ran = false;
    for (const [key, element] of this.#elements(over)) {
      this.#step();
      ran = true;
      const values = variables.length === 2 ? [key, element] : [element];
      for (const [index, name] of variables.entries()) {
        if (node.pipe.assigns === 'declare') this.#scope.push([name, values[index]]);
        else this.#assign(name, values[index]);
      }
      const flow = this.#walk(node.body, element);
      this.#scope.length = known;
      if (flow === 'break') break;
    }
    return ran ? 'next' : this.#walk(node.otherwise, dot);
  }

  #elements(over: unknown): Iterable<readonly [unknown, unknown]> {
    if (over instanceof GoList) {
      return over.items.map((item, index) => [BigInt(index), item] as const);
    }
    if (over instanceof GoMap) {
      return [...over.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    }
    if (typeof over === 'bigint') {
      const count = over > BigInt(MAX_STEPS) ? MAX_STEPS : Number(over);
      return Array.from({ length: Math.max(count, 0) }, (_, i) => [BigInt(i), BigInt(i)] as const);
    }
    if (over === undefined) return [];
    return this.#fail(`range can't iterate over ${formatValue(over)}`);
  }

  #callTemplate(node: Extract<Node, { kind: 'template' }>, dot: unknown): void {
    const own = this.#options.library === undefined ? this.#tree : this.#entry;
    const found = own.defined.get(node.name);
    const { tree, body } =
      found === undefined
        ? (this.#options.library?.get(node.name) ?? { tree: own, body: undefined })
        : { tree: own, body: found };
    if (body === undefined) this.#fail(`template ${JSON.stringify(node.name)} not defined`);
    if (this.#depth === MAX_TEMPLATE_DEPTH) this.#fail('exceeded maximum template depth');
    const value = node.pipe === undefined ? undefined : this.#pipeline(node.pipe, dot);
    const outer = [this.#scope, this.#templateName, this.#tree] as const;
    this.#tree = tree;
    this.#scope = [['$', value]];
    this.#templateName = node.name;
    this.#depth++;
    this.#walk(body, value);
    this.#depth--;
    [this.#scope, this.#templateName, this.#tree] = outer;
  }

  #pipeline(pipe: PipeNode, dot: unknown): unknown {
    this.#at = pipe;
    let value: unknown;
    for (const [index, command] of pipe.commands.entries()) {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    }
    for (const name of pipe.variables) {
      if (pipe.assigns === 'declare') this.#scope.push([name, value]);
      else this.#assign(name, value);
    }
    return value;
  }

  /** @param piped what the stage before gave, none or one value */
  #command(command: CommandNode, dot: unknown, piped: readonly unknown[]): unknown {
    const [first, ...rest] = command.args;
    const args = {
      count: rest.length + piped.length,
      values: () => [...rest.map((arg) => this.#arg(arg, dot)), ...piped],
    };
    switch (first.kind) {
      case 'identifier':
        return this.#callFunction(first, command, rest, dot, piped);
      case 'field':
        this.#at = first;
        return this.#fields(dot, first.path, args);
      case 'chain':
        this.#at = first;
        return this.#fields(this.#arg(first.base, dot), first.path, args);
      case 'variable':
        this.#at = first;
        return this.#fields(this.#variable(first.name), first.path, args);
      case 'pipe':
        this.#mustBeAlone(command, piped);
        return this.#pipeline(first, dot);
      case 'literal':
      case 'nil':
      case 'dot':
        this.#at = first;
        this.#mustBeAlone(command, piped);
        if (first.kind === 'nil') return this.#fail('nil is not a command');
        return first.kind === 'dot' ? dot : first.value;
    }
  }

  #mustBeAlone(command: CommandNode, piped: readonly unknown[]): void {
    if (command.args.length > 1 || piped.length > 0) {
      this.#fail(`can't give argument to non-function ${command.args[0].text}`);
    }
  }

  #arg(node: ArgNode, dot: unknown): unknown {
    this.#at = node;
    switch (node.kind) {
      case 'literal':
        return node.value;
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'field':
        return this.#fields(dot, node.path, NO_ARGS);
      case 'variable':
        return this.#fields(this.#variable(node.name), node.path, NO_ARGS);
      case 'chain':
        return this.#fields(this.#arg(node.base, dot), node.path, NO_ARGS);
      case 'pipe':
        return this.#pipeline(node, dot);
      case 'identifier':
        return this.#callFunction(node, node, [], dot, []);
    }
  }

  #callFunction(
    name: Extract<ArgNode, { kind: 'identifier' }>,
    place: Place,
    args: readonly ArgNode[],
    dot: unknown,
    piped: readonly unknown[],
  ): unknown {
    this.#at = name;
    const found = this.#options.functions.get(name.name);
    if (found === undefined) this.#fail(`${JSON.stringify(name.name)} is not a defined function`);
    // `and` and `or` look at no argument after the one that decides.
    const decides = name.name === 'and' ? false : name.name === 'or' ? true : undefined;
    const values: unknown[] = [];
    for (const arg of args) {
      const value = this.#arg(arg, dot);
      if (decides !== undefined && isTruthy(value) === decides) return value;
      values.push(value);
    }
    values.push(...piped);
    const [min, max] = found.arity;
    if (values.length < min || values.length > max) {
      const want = max === Infinity ? `at least ${min}` : String(min);
      this.#fail(`wrong number of args for ${name.name}: want ${want} got ${values.length}`);
    }
    try {
      return found.call(values);
    } catch (error) {
      if (!(error instanceof TemplateCallError)) throw error;
      this.#at = place;
      return this.#fail(
        error.aboutArgument ? error.message : `error calling ${name.name}: ${error.message}`,
      );
    }
  }

  #fields(start: unknown, path: readonly string[], args: FieldArgs): unknown {
    let value = start;
    for (const [index, name] of path.entries()) {
      value = this.#field(value, name, index === path.length - 1 ? args : NO_ARGS);
    }
    if (path.length === 0 && args.count > 0) this.#fail("can't give argument to non-function");
    return value;
  }

  #field(receiver: unknown, name: string, args: FieldArgs): unknown {
    if (receiver === undefined) {
      if (this.#options.failOnMissingKey === true) {
        this.#fail(`nil data; no entry for key ${JSON.stringify(name)}`);
      }
      return undefined;
    }
    const method = methodOf(receiver, name);
    if (method !== undefined) return this.#callMethod(method, name, args);
    if (receiver instanceof GoMap || receiver instanceof GoStruct) {
      const known = receiver instanceof GoMap || receiver.fields.has(name);
      if (known) {
        if (args.count > 0) this.#fail(`${name} is not a method but has arguments`);
        return receiver instanceof GoMap ? this.#key(receiver, name) : receiver.fields.get(name);
      }
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeNameOf(receiver)}`);
  }

  #callMethod(method: GoMethod, name: string, args: FieldArgs): unknown {
    if (args.count !== method.argCount) {
      this.#fail(`wrong number of args for ${name}: want ${method.argCount} got ${args.count}`);
    }
    const at = this.#at;
    const values = args.values();
    this.#at = at;
    try {
      return method.call(values);
    } catch (error) {
      if (!(error instanceof TemplateCallError)) throw error;
      return this.#fail(`error calling ${name}: ${error.message}`);
    }
  }

  #key(map: GoMap, name: string): unknown {
    if (this.#options.failOnMissingKey === true && !map.entries.has(name)) {
      this.#fail(`map has no entry for key ${JSON.stringify(name)}`);
    }
    return map.get(name);
  }

  #variable(name: string): unknown {
    const found = this.#scope.findLast(([known]) => known === name);
    if (found === undefined) return this.#fail(`undefined variable: ${name}`);
    return found[1];
  }

  #assign(name: string, value: unknown): void {
    const found = this.#scope.findLast(([known]) => known === name);
    if (found === undefined) this.#fail(`undefined variable: ${name}`);
    found[1] = value;
  }

  /** A range in a range over a large result is cheap to write and dear to run. */
  #step(): void {
    if (++this.#steps > this.#maxSteps) this.#fail(`more than ${this.#maxSteps} steps`);
  }

  #textOf(value: unknown): string {
    const { print } = this.#options;
    if (print === undefined) return formatValue(value);
    let before = '';
    for (let i = this.#output.length - 1; i >= 0 && before.length < BEFORE_LENGTH; i--) {
      before = (this.#output[i] ?? '') + before;
    }
    return print(value, before.slice(-BEFORE_LENGTH));
  }

  #print(text: string): void {
    this.#length += text.length;
    const max = this.#options.maxLength ?? MAX_LENGTH;
    if (this.#length > max) this.#fail(`output is longer than ${max} characters`);
    this.#output.push(text);
  }

  #fail(problem: string): never {
    const { position, text } = this.#at;
    const before = this.#tree.source.slice(0, position);
    const line = before.split('\n').length;
    // Go counts bytes.
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    const place = `${this.#tree.name}:${line}:${column}`;
    throw new TemplateError(
      `template: ${place}: executing ${JSON.stringify(this.#templateName)} at <${text}>: ${problem}`,
    );
  }
}
