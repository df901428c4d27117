import { type Alert } from '../alert.ts';
import { type CallOptions } from './metric-store.ts';

/** A set of alerts that go out together. */
export interface Notification {
  /** The same for every try of the same notification, so that a receiver can drop a repeat. */
  readonly idempotencyKey: string;
  readonly groupKey: string;
  readonly receiver: string;
  /** `resolved` only when every alert is. */
  readonly status: 'firing' | 'resolved';
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly Alert[];
  readonly externalUrl: string;
  /** Templates of the labels that go with its route, by name. */
  readonly routeLabels?: Readonly<Record<string, string>>;
  /**
   * Until when what fires holds, unless it is told again before; undefined where the sender says
   * when it is over.
   */
  readonly validUntilUnixMs?: number;
}

/** Delivers notifications to people or machines. */
export interface Notifier {
  readonly name: string;
  /** @throws BackendError when it was not accepted; `retryable` says whether to try again */
  notify(notification: Notification, options?: CallOptions): Promise<void>;
}
