import { stringArg } from '../template/arguments.ts';
import { builtinFunctions, fn } from '../template/builtin-functions.ts';
import { executeTemplate, type LibraryTemplate, TemplateCallError } from '../template/executor.ts';
import { type Tree } from '../template/nodes.ts';
import { parseTemplate } from '../template/parser.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import {
  notificationFunctionNames,
  notificationFunctions,
  printHtml,
  printText,
} from './notification-functions.ts';

/** A template file: what it `define`s can be used by every text of a notification. */
export interface TemplateFile {
  /** Shown in errors. */
  readonly name: string;
  readonly text: string;
}

export interface RenderOptions {
  /** What `.` is; see templateData. */
  readonly data: unknown;
  /** The moment of the notification. */
  readonly unixMs: number;
  /** What `routeLabels "name"` renders: templates by name. Default none. */
  readonly routeLabels?: Readonly<Record<string, string>>;
  /** Values are escaped as HTML, but for those that went through `safeHtml`. Default false. */
  readonly html?: boolean;
}

/** A notification of 10,000 alerts is long, and must not fail. */
const MAX_LENGTH = 8 * 1024 * 1024;
const MAX_STEPS = 5_000_000;

/** Labels of a route that lead to each other, one in the other. */
const MAX_NESTING = 16;

const functions = new Set([
  ...builtinFunctions.keys(),
  ...notificationFunctionNames,
  'routeLabels',
]);
const none: ReadonlyMap<string, string> = new Map([['call', 'no value here is a function']]);

/** Go templates with Alertmanager's functions and the templates of files. */
export class NotificationTemplates {
  readonly #library: ReadonlyMap<string, LibraryTemplate>;
  readonly #parsed = new Map<string, Tree>();

  /**
   * @param files a later one replaces what an earlier one defined
   * @throws TemplateError when one does not parse
   */
  constructor(files: readonly TemplateFile[] = []) {
    const library = new Map<string, LibraryTemplate>();
    for (const { name, text } of [{ name: 'default', text: DEFAULT_TEMPLATES }, ...files]) {
      const tree = parse(name, text);
      for (const [defined, body] of tree.defined) library.set(defined, { tree, body });
    }
    this.#library = library;
  }

  /** Reads a text for its errors. @throws TemplateError */
  check(name: string, text: string): void {
    this.#tree(name, text);
  }

  /**
   * Fills in a text.
   * @param name shown in errors, such as `slack_configs.title`
   * @throws TemplateError when it does not parse or cannot be executed
   */
  render(name: string, text: string, options: RenderOptions): string {
    return this.#render(name, text, options, 0);
  }

  #render(name: string, text: string, options: RenderOptions, nesting: number): string {
    if (!text.includes('{{')) return text;
    const { data, unixMs, html = false } = options;
    const routeLabels = fn(1, 1, (args) =>
      this.#routeLabel(stringArg(args, 0), options, nesting + 1),
    );
    return executeTemplate(this.#tree(name, text), {
      data,
      library: this.#library,
      functions: new Map([
        ...builtinFunctions,
        ...notificationFunctions(unixMs),
        ['routeLabels', routeLabels],
      ]),
      maxLength: MAX_LENGTH,
      maxSteps: MAX_STEPS,
      print: html ? printHtml : printText,
    });
  }

  /** A label of the route, '' when it has none of the name. */
  #routeLabel(name: string, options: RenderOptions, nesting: number): string {
    if (nesting > MAX_NESTING) {
      throw new TemplateCallError(`the label ${JSON.stringify(name)} of the route leads to itself`);
    }
    const { routeLabels = {} } = options;
    const text = Object.hasOwn(routeLabels, name) ? (routeLabels[name] ?? '') : '';
    // Where it goes into HTML, it is escaped there.
    return this.#render(`labels.${name}`, text, { ...options, html: false }, nesting);
  }

  /** The texts are those of the configuration, a bounded number of them. */
  #tree(name: string, text: string): Tree {
    const key = `${name}\n${text}`;
    const known = this.#parsed.get(key);
    if (known !== undefined) return known;
    const tree = parse(name, text);
    this.#parsed.set(key, tree);
    return tree;
  }
}

function parse(name: string, text: string): Tree {
  return parseTemplate(name, text, { functions, unsupported: none });
}
