import { type RemoteWriteVersion } from '@dwcp/protocol-prometheus';

import { type PostAnswer } from './transport.ts';

/** Elements by kind: of a request, or as the receiver says that it has written them. */
export interface Counts {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

export const NONE: Counts = { samples: 0, histograms: 0, exemplars: 0 };

/** What follows from an answer. */
export type Verdict =
  /** `written` where the receiver says so (2.0). */
  | { readonly kind: 'accepted'; readonly written: Counts | undefined }
  /** The receiver does not know 2.0, and nothing was written. */
  | { readonly kind: 'downgrade' }
  | { readonly kind: 'retry'; readonly retryAfterMs: number | undefined }
  /** Never will be accepted. A part may have been written. */
  | { readonly kind: 'refused'; readonly written: Counts };

/** @see https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#retries--backoff */
export function judge(answer: PostAnswer, version: RemoteWriteVersion, nowUnixMs: number): Verdict {
  const { status } = answer;
  const written = writtenOf(answer);
  if (status >= 200 && status < 300) {
    // A 1.0 receiver that does not look at the content type finds nothing in a 2.0 message.
    if (version === '2.0' && written === undefined) return { kind: 'downgrade' };
    return { kind: 'accepted', written: version === '2.0' ? written : undefined };
  }
  if (status === 415 && version === '2.0') return { kind: 'downgrade' };
  // A redirect is not followed, but it is no judgement of the data either: they wait for a new URL.
  if (status === 429 || status >= 500 || (status >= 300 && status < 400)) {
    return { kind: 'retry', retryAfterMs: retryAfterMs(answer, nowUnixMs) };
  }
  return { kind: 'refused', written: written ?? NONE };
}

function writtenOf(answer: PostAnswer): Counts | undefined {
  const samples = countIn(answer, 'x-prometheus-remote-write-samples-written');
  const histograms = countIn(answer, 'x-prometheus-remote-write-histograms-written');
  const exemplars = countIn(answer, 'x-prometheus-remote-write-exemplars-written');
  if (samples === undefined && histograms === undefined && exemplars === undefined) {
    return undefined;
  }
  return { samples: samples ?? 0, histograms: histograms ?? 0, exemplars: exemplars ?? 0 };
}

function countIn({ headers }: PostAnswer, name: string): number | undefined {
  const value = headers[name];
  return typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;
}

/** Seconds, or an HTTP date. */
function retryAfterMs({ headers }: PostAnswer, nowUnixMs: number): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const unixMs = Date.parse(value);
  return Number.isNaN(unixMs) ? undefined : Math.max(0, unixMs - nowUnixMs);
}

/** Exponential, with half of it left to chance, so that senders do not come back in step. */
export function backoffMs(
  attempts: number,
  options: {
    readonly minBackoffMs: number;
    readonly maxBackoffMs: number;
    readonly random: () => number;
  },
): number {
  const { minBackoffMs, maxBackoffMs, random } = options;
  const fullMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(attempts - 1, 30));
  return fullMs * (0.5 + random() / 2);
}
