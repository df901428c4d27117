import { type BackendStatus } from '../../api/types.ts';
import { formatDateTime } from '../../format/time.ts';
import { NO_VALUE, formatBytes, formatCount, formatSeconds } from '../../format/units.ts';
import { type Tone } from '../../ui/status-mark.tsx';

/** `walSizeBytes` as `WAL size`: the unit is in the value, so the name goes without. */
export function statLabel(key: string): string {
  const words = key
    .replace(/s?Count$/, 's')
    .replace(/(Size)?Bytes$/i, 'Size')
    .replace(/(UnixMs|UnixNano|Ms|Seconds|Total)$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/\bwal\b/g, 'WAL');
  return words === '' ? key : words.charAt(0).toUpperCase() + words.slice(1);
}

/** A figure of a store, its unit read off the name as our own naming has it. */
export function formatStat(key: string, value: unknown): string {
  if (value === null || value === undefined) return NO_VALUE;
  if (typeof value === 'number') {
    if (key.endsWith('Bytes')) return formatBytes(value);
    if (key.endsWith('UnixMs')) return formatDateTime(value);
    if (key.endsWith('Ms')) return formatSeconds(value / 1_000);
    if (key.endsWith('Seconds')) return formatSeconds(value);
    return Number.isInteger(value) && Math.abs(value) < 1e6
      ? value.toLocaleString('en')
      : formatCount(value);
  }
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** How a backend is, from the state it reports. */
export function backendTone({
  configured,
  state,
}: Pick<BackendStatus, 'configured' | 'state'>): Tone {
  if (!configured) return 'idle';
  if (/^(ok|up|ready|connected|healthy|closed)$/i.test(state)) return 'ok';
  return /^(down|error|open|failed|unreachable)$/i.test(state) ? 'bad' : 'warn';
}
