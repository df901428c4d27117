import { type HttpSource } from './http-client.ts';
import { type ScrapeProtocol } from './scrape-job.ts';
import { type Target } from './target.ts';

const MEDIA_TYPE: Readonly<Record<ScrapeProtocol, string>> = {
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

/** How a target is asked for its exposition, each time alike. */
export function expositionSource({ url, job, scrapeTimeoutMs }: Target): HttpSource {
  return {
    url,
    settings: job,
    headers: [
      'accept',
      acceptHeader(job.scrapeProtocols),
      'accept-encoding',
      job.enableCompression ? 'gzip' : 'identity',
      'user-agent',
      'dwcp-monitoring',
      'x-prometheus-scrape-timeout-seconds',
      String(scrapeTimeoutMs / 1_000),
    ],
    bodyLimitBytes: job.bodySizeLimitBytes,
    otherOrigins: true,
  };
}

function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const wanted = protocols.map((protocol, index) => `${MEDIA_TYPE[protocol]};q=0.${9 - index}`);
  return [...wanted, '*/*;q=0.1'].join(',');
}
