import { type AlertRow } from './alert-rows.ts';

/**
 * Where the runbook of an alert is. One on this server is named by its path alone, so that it opens
 * from whatever address the console has; anything but http(s) is no link.
 * @param origin of the page
 */
export function runbookOf(
  { annotations, generatorUrl }: Pick<AlertRow, 'annotations' | 'generatorUrl'>,
  origin: string,
): string | undefined {
  const given = annotations['runbook_url'] ?? annotations['runbook'];
  if (given === undefined || !URL.canParse(given, origin)) return undefined;
  const url = new URL(given, origin);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  const server =
    generatorUrl !== undefined && URL.canParse(generatorUrl)
      ? new URL(generatorUrl).origin
      : undefined;
  const isOurs = url.origin === origin || url.origin === server;
  return isOurs && url.pathname.startsWith('/runbooks/') ? url.pathname : url.href;
}
