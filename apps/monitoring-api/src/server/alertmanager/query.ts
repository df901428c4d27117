import { type FastifyRequest } from 'fastify';

import { parametersOf } from '../prometheus/parameters.ts';

/** What Alertmanager takes for true; every other text is false. */
const TRUE = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** Reads the parameters of a request of Alertmanager's API: what is absent is left out. */
export function queryOf<Flag extends string, Text extends string, List extends string>(
  request: FastifyRequest,
  names: {
    readonly flags?: readonly Flag[];
    readonly texts?: readonly Text[];
    readonly lists?: readonly List[];
  },
): Partial<Record<Flag, boolean> & Record<Text, string> & Record<List, readonly string[]>> {
  const parameters = parametersOf(request);
  const { flags = [], texts = [], lists = [] } = names;
  const found: Record<string, boolean | string | readonly string[]> = {};
  for (const name of flags) {
    const text = parameters.get(name) ?? '';
    if (text !== '') found[name] = TRUE.has(text.toLowerCase());
  }
  for (const name of texts) {
    const text = parameters.get(name) ?? '';
    if (text !== '') found[name] = text;
  }
  for (const name of lists) {
    const all = parameters.getAll(name);
    if (all.length > 0) found[name] = all;
  }
  return found as ReturnType<typeof queryOf<Flag, Text, List>>;
}
