import { type Clock, type Log, type Notification, silentLog, systemClock } from '@dwcp/core';

import { type ResolveHost } from '../notify/address-guard.ts';
import { NotificationTemplates } from './notification-templates.ts';
import { Rendering } from './rendering.ts';

/** What receivers take from outside. */
export interface ReceiverOptions {
  readonly templates?: NotificationTemplates;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Whether receivers may be in loopback and private networks; metadata services never. */
  readonly allowPrivateNetwork?: boolean;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveHost;
  /** Called with each template that failed; a default text went out in its place. */
  readonly onTemplateFailed?: (receiver: string, problem: string) => void;
}

/** The same, with defaults. */
export class ReceiverEnvironment {
  readonly clock: Clock;
  readonly allowPrivateNetwork: boolean;
  readonly resolve: ResolveHost | undefined;
  readonly #templates: NotificationTemplates;
  readonly #log: Log;
  readonly #onTemplateFailed: ReceiverOptions['onTemplateFailed'];

  constructor(options: ReceiverOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.allowPrivateNetwork = options.allowPrivateNetwork ?? false;
    this.resolve = options.resolve;
    this.#templates = options.templates ?? new NotificationTemplates();
    this.#log = options.log ?? silentLog;
    this.#onTemplateFailed = options.onTemplateFailed;
  }

  /** Runs `make` with the texts of a notification, and tells of templates that failed. */
  render<T>(receiver: string, notification: Notification, make: (rendering: Rendering) => T): T {
    const unixMs = this.clock.nowUnixMs();
    const rendering = new Rendering({ notification, templates: this.#templates, unixMs });
    const made = make(rendering);
    for (const problem of new Set(rendering.problems)) {
      this.#log.error({ receiver, problem }, 'notification template failed, default text used');
      this.#onTemplateFailed?.(receiver, problem);
    }
    return made;
  }
}
