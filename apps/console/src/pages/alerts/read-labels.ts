import { type Labels } from '../../api/types.ts';

/** Labels as people type them, `region=eu city="New York"`; undefined when it is anything else. */
export function readLabels(text: string): Labels | undefined {
  const labels: Record<string, string> = {};
  let rest = text.trim();
  while (rest !== '') {
    const found = /^([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"]*)"|([^\s",]+))(?:[\s,]+|$)/.exec(rest);
    if (found === null) return undefined;
    const [all, name = '', quoted, plain] = found;
    labels[name] = quoted ?? plain ?? '';
    rest = rest.slice(all.length);
  }
  return labels;
}
