import { RE2JS } from 're2js';

import { InvalidInputError } from './errors.ts';

/**
 * A regular expression in RE2 syntax that runs in linear time, for patterns that users write.
 * It matches the whole text, as Prometheus' matchers and relabelling do.
 */
export class AnchoredRegExp {
  readonly pattern: string;
  readonly #re: RE2JS;

  /** @throws InvalidInputError when the pattern is not valid RE2 */
  constructor(pattern: string) {
    this.pattern = pattern;
    try {
      this.#re = RE2JS.compile(`^(?s:${pattern})$`);
    } catch (cause) {
      throw new InvalidInputError(
        'regular expression',
        `cannot parse ${JSON.stringify(pattern)}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  test(text: string): boolean {
    return this.#re.matcher(text).find();
  }

  /**
   * Expands `$1`, `${1}`, `${name}` and `$$` with what the text's groups matched, as Go's
   * `Regexp.Expand` does; an unknown group expands to nothing.
   * @returns undefined when the text does not match
   */
  expand(text: string, template: string): string | undefined {
    const matcher = this.#re.matcher(text);
    if (!matcher.find()) return undefined;
    const named = this.#re.namedGroups();
    return template.replaceAll(
      /\$(?:\$|\{(\w+)\}|(\w+))/g,
      (whole, braced: string | undefined, bare: string | undefined) => {
        if (whole === '$$') return '$';
        const group = braced ?? bare ?? '';
        const index = /^\d+$/.test(group) ? Number(group) : named[group];
        if (index === undefined || index > matcher.groupCount()) return '';
        return matcher.group(index) ?? '';
      },
    );
  }
}
