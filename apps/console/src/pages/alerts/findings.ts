import { type ExplainedAlert } from '../../api/alerting-types.ts';

type Finding = ExplainedAlert['verdict'];

/**
 * A verdict without the name of its alert, which the page has said, and the findings that it does not
 * repeat.
 */
export function readFindings(
  verdict: Finding,
  findings: readonly Finding[],
): { readonly headline: string; readonly rest: readonly Finding[] } {
  const end = verdict.text.indexOf('}: ');
  const headline = end === -1 ? verdict.text : verdict.text.slice(end + 3);
  return { headline, rest: findings.filter(({ text }) => !headline.includes(text)) };
}
