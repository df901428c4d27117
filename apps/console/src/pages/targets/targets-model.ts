import { type Target } from '../../api/types.ts';
import { type Tone } from '../../ui/status-mark.tsx';

/** What one writes to have something scraped. */
export const SCRAPE_EXAMPLE = `scrapeConfigs:
  - job_name: node
    scrape_interval: 1s
    static_configs:
      - targets: ['localhost:9100']`;

export function healthTone(health: Target['health']): Tone {
  if (health === 'up') return 'ok';
  return health === 'down' ? 'bad' : 'unknown';
}
