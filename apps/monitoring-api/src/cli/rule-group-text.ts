import {
  type RuleGroupCheckView,
  type RuleGroupDetailView,
  type RuleGroupHistoryView,
  type RuleGroupsView,
} from '@dwcp/api-schema';

import { type Io, type Style } from './io.ts';
import { table } from './table.ts';
import { counted, printable, widthOf } from './text.ts';

/** Where a text goes. */
export interface RuleGroupText {
  readonly io: Io;
  readonly style: Style;
}

export function listText({ io }: RuleGroupText, { items }: RuleGroupsView): string {
  if (items.length === 0) return 'no rule groups\n';
  const rows = items.map((group) => [
    group.name,
    stateOf(group),
    group.disabledRules === 0
      ? String(group.rules)
      : `${group.rules - group.disabledRules} of ${group.rules}`,
    group.version === null ? '' : String(group.version),
    group.by ?? '',
    group.changedAt === null ? '' : clockText(group.changedAt),
    group.source === 'file' ? group.file : '',
  ]);
  const header = ['GROUP', 'STATE', 'RULES', 'VERSION', 'BY', 'CHANGED', 'FILE'];
  const cells = rows.map((row) => row.map(printable));
  return table(header, cells, { width: widthOf(io.out) });
}

function stateOf({
  broken,
  enabled,
  source,
}: Pick<RuleGroupDetailView, 'broken' | 'enabled' | 'source'>): string {
  if (broken) return 'broken';
  if (!enabled) return 'off';
  return source === 'file' ? 'on, of a file' : 'on';
}

/** The rule file itself, so that it can go into one; what is beside it as comments. */
export function detailText({ io, style }: RuleGroupText, group: RuleGroupDetailView): string {
  const { ruleList, problems, yaml, version, by, changedAt, comment, file } = group;
  const who = by === null ? '' : `, ${printable(by)} at ${clockText(changedAt ?? '')}`;
  const why = comment === '' ? '' : ` (${printable(comment)})`;
  const head =
    version === null
      ? `# of the file ${printable(file)}`
      : `# version ${version}, ${stateOf(group)}${who}${why}`;
  const off = ruleList.filter(({ enabled }) => !enabled);
  const lines = [
    style.dim(head),
    ...off.map(({ name }) => style.dim(`# switched off: ${printable(name)}`)),
    ...problems.map(({ line, column, problem, fix }) =>
      style.dim(`# broken: ${line}:${column}: ${printable(`${problem}; ${fix}`)}`),
    ),
  ];
  if (yaml !== null) return `${lines.join('\n')}\n${multiline(yaml)}`;
  const header = ['RULE', 'TYPE', 'QUERY'];
  const rows = ruleList.map(({ name, type, query }) => [name, type, query].map(printable));
  return `${lines.join('\n')}\n${table(header, rows, { width: widthOf(io.out) })}`;
}

export function checkText({ io, style }: RuleGroupText, check: RuleGroupCheckView): string {
  if (!check.ok) {
    const lines = check.problems.map(({ line, column, where, problem, fix }) =>
      printable(`${line}:${column}: ${where === '' ? '' : `${where}: `}${problem}; ${fix}`),
    );
    return `${lines.join('\n')}\n`;
  }
  const diff = check.diff === '' ? 'no difference\n' : diffText(style, check.diff);
  const rows = check.rules.map(({ name, type, series, note }) => {
    const found =
      series === null
        ? 'not counted'
        : counted(
            series,
            type === 'alerting' ? 'alert' : 'series',
            type === 'alerting' ? undefined : 'series',
          );
    return [name, found, note ?? ''].map(printable);
  });
  return `${diff}\n${table(['RULE', 'NOW', 'NOTE'], rows, { width: widthOf(io.out) })}\n`;
}

export function historyText({ style }: RuleGroupText, history: RuleGroupHistoryView): string {
  if (history.items.length === 0) return 'no changes\n';
  const blocks = history.items.map(
    ({ at, action, by, comment, fromVersion, toVersion, rules, diff }) => {
      const from = fromVersion === null ? '' : `version ${fromVersion} to `;
      const which = rules === undefined ? '' : ` ${rules.join(', ')}`;
      const why = comment === '' ? '' : `: ${comment}`;
      const head = `${clockText(at)}  ${by}  ${action}${which}, ${from}${fromVersion === null ? 'version ' : ''}${toVersion}${why}`;
      return `${style.bold(printable(head))}\n${diffText(style, diff)}`;
    },
  );
  const more = history.nextCursor === null ? '' : 'and more: --limit\n';
  return `${blocks.join('\n')}${more}`;
}

function diffText(style: Style, diff: string): string {
  return diff
    .split('\n')
    .map((line) => {
      const text = printable(line);
      if (line.startsWith('+')) return style.green(text);
      return line.startsWith('-') ? style.red(text) : text;
    })
    .join('\n');
}

function multiline(text: string): string {
  const lines = text.split('\n').map(printable).join('\n');
  return lines.endsWith('\n') ? lines : `${lines}\n`;
}

/** `2026-01-02 03:04:05Z` */
function clockText(moment: string): string {
  return moment.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
