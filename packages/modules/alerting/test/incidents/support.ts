import {
  type FoldedAlert,
  IncidentManager,
  type IncidentManagerOptions,
  type IncidentRecord,
  fingerprintOf,
  MemoryRecordStore,
  type Placement,
} from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';

import { configOf, RecordingOutbox } from '../alertmanager/support.ts';

export const MINUTE_MS = 60_000;

type LabelValues = Readonly<Record<string, string>>;

export function folded(
  labels: LabelValues,
  times: Partial<FoldedAlert['alert']> = {},
): FoldedAlert {
  return { fingerprint: fingerprintOf(Labels.from(labels)), alert: { labels, ...times } };
}

const receivers = configOf({
  route: { receiver: 'on-call' },
  receivers: ['on-call', 'lead', 'chief'].map((name) => ({
    name,
    webhook_configs: [{ url: `http://localhost/${name}` }],
  })),
}).receivers;

/** A manager over a manual clock; alerts fire until they are ended. */
export class ManagedIncidents {
  readonly clock = new ManualClock();
  readonly store = new MemoryRecordStore<IncidentRecord>();
  readonly outbox = new RecordingOutbox(() => this.clock.nowUnixMs());
  readonly #options: Partial<IncidentManagerOptions>;
  readonly #startUnixMs = this.clock.nowUnixMs();
  #ids = 0;
  #manager: IncidentManager | undefined;

  private constructor(options: Partial<IncidentManagerOptions>) {
    this.#options = options;
  }

  static async open(options: Partial<IncidentManagerOptions> = {}): Promise<ManagedIncidents> {
    const managed = new ManagedIncidents(options);
    await managed.restart();
    return managed;
  }

  get manager(): IncidentManager {
    if (this.#manager === undefined) throw new Error('no incident manager was opened');
    return this.#manager;
  }

  async stop(): Promise<void> {
    await this.#manager?.[Symbol.asyncDispose]();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#manager = await IncidentManager.open({
      store: this.store,
      outbox: this.outbox,
      clock: this.clock,
      integrationsOf: (name) =>
        receivers.find((receiver) => receiver.name === name)?.integrations ?? [],
      externalUrl: 'http://localhost',
      newId: () => `inc-${++this.#ids}`,
      ...this.#options,
    });
    this.#manager.start();
  }

  /** Each fires for a day unless `end` is called. */
  async fire(...all: readonly LabelValues[]): Promise<ReadonlyMap<string, Placement>> {
    const startsAtUnixMs = this.clock.nowUnixMs();
    const endsAtUnixMs = startsAtUnixMs + 24 * 60 * MINUTE_MS;
    const alerts = all.map((labels) => folded(labels, { startsAtUnixMs, endsAtUnixMs }));
    return this.manager.putAlerts(alerts, { labelled: false });
  }

  async end(...all: readonly LabelValues[]): Promise<void> {
    const endsAtUnixMs = this.clock.nowUnixMs();
    const alerts = all.map((labels) => folded(labels, { endsAtUnixMs }));
    await this.manager.putAlerts(alerts, { labelled: false });
  }

  incidentOf(labels: LabelValues): string | undefined {
    return this.manager.state.placeOf(folded(labels).fingerprint)?.incident.id;
  }

  reasonOf(labels: LabelValues): string | undefined {
    const reason = this.manager.state.placeOf(folded(labels).fingerprint)?.member.reason;
    return reason && `${reason.rule}: ${reason.text}`;
  }

  /** As `5 L2 lead firing`: minutes since the beginning, level, receiver, status. */
  told(): readonly string[] {
    return this.outbox.taken.map(({ unixMs, notification: { groupLabels, receiver, status } }) => {
      const minutes = (unixMs - this.#startUnixMs) / MINUTE_MS;
      return `${minutes} ${groupLabels['level']} ${receiver} ${status}`;
    });
  }
}
