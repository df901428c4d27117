import {
  AlertIntake,
  AlertPipeline,
  IncidentManager,
  type IncidentConfig,
  type IncidentRecord,
  type IntakeRecord,
  isResolved,
  MemoryRecordStore,
  type NotificationOutbox,
  type PipelineRecord,
  type RecordStore,
  usesIncidentLabel,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';

import { configOf, RecordingOutbox } from '../alertmanager/support.ts';

/** What a process must do before it leaves a trace; may end the process. */
export interface Traces {
  append(write: readonly (() => Promise<void>)[]): Promise<void>;
}

const ALIVE: Traces = {
  append: async (parts) => {
    for (const part of parts) await part();
  },
};

interface Opened {
  readonly intake: AlertIntake;
  readonly incidents: IncidentManager;
  readonly pipeline: AlertPipeline;
}

/** Intake, incidents and pipeline over stores that outlive them. */
export class WholeWay implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly outbox = new RecordingOutbox(() => this.clock.nowUnixMs());
  readonly #intakeStore = new MemoryRecordStore<IntakeRecord>();
  readonly #incidentStore = new MemoryRecordStore<IncidentRecord>();
  readonly #pipelineStore = new MemoryRecordStore<PipelineRecord>();
  readonly #config: ReturnType<typeof configOf>;
  readonly #incidentConfig: Partial<IncidentConfig>;
  #ids = 0;
  #open: Opened | undefined;

  constructor(config: unknown, incidentConfig: Partial<IncidentConfig> = {}) {
    this.#config = configOf(config);
    this.#incidentConfig = incidentConfig;
  }

  static async open(config: unknown, incidentConfig?: Partial<IncidentConfig>): Promise<WholeWay> {
    const way = new WholeWay(config, incidentConfig);
    await way.start();
    return way;
  }

  get intake(): AlertIntake {
    return this.#opened().intake;
  }

  get incidents(): IncidentManager {
    return this.#opened().incidents;
  }

  get pipeline(): AlertPipeline {
    return this.#opened().pipeline;
  }

  async start(traces: Traces = ALIVE): Promise<void> {
    const { clock } = this;
    const config = this.#config;
    const externalUrl = 'http://localhost';
    const outbox: NotificationOutbox = {
      accept: (notifications) =>
        traces.append(notifications.map((one) => () => this.outbox.accept([one]))),
    };
    const incidents = await IncidentManager.open({
      config: this.#incidentConfig,
      store: tracing(this.#incidentStore, traces),
      outbox,
      clock,
      externalUrl,
      integrationsOf: (name) =>
        config.receivers.find((receiver) => receiver.name === name)?.integrations ?? [],
      isSuppressed: (labels) =>
        pipeline.state.silences.silencing(labels, clock.nowUnixMs()).length > 0 ||
        pipeline.state.inhibitor.inhibiting(labels, clock.nowUnixMs()).length > 0,
      newId: () => `inc-${++this.#ids}`,
    });
    const pipeline = await AlertPipeline.open({
      config,
      store: tracing(this.#pipelineStore, traces),
      outbox,
      clock,
      externalUrl,
      isAcknowledged: (fingerprint) => incidents.isAcknowledged(fingerprint),
    });
    incidents.start();
    const intake = await AlertIntake.open({
      store: tracing(this.#intakeStore, traces),
      next: pipeline,
      lookUp: (fingerprint) => pipeline.state.alerts.get(fingerprint)?.alert,
      incidents,
      labelIncidents: () => usesIncidentLabel(config),
      clock,
    });
    this.#open = { intake, incidents, pipeline };
  }

  async stop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.intake[Symbol.asyncDispose]();
    await open?.pipeline[Symbol.asyncDispose]();
    await open?.incidents[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Alerts that fire in the pipeline. */
  firing(): readonly string[] {
    const unixMs = this.clock.nowUnixMs();
    return [...this.pipeline.state.alerts.values()]
      .filter(({ alert }) => !isResolved(alert, unixMs))
      .map(({ alert }) => alert.labels.get('alertname'))
      .sort();
  }

  /** As `first firing A B`, the reason, the status and the alerts of each. */
  told(): readonly string[] {
    return this.outbox.taken.map(({ notification: { reason, status, alerts, receiver } }) => {
      const names = alerts.map(({ labels }) => labels.get('alertname')).sort();
      return `${receiver} ${reason} ${status} ${names.join(' ')}`;
    });
  }

  #opened(): Opened {
    if (this.#open === undefined) throw new Error('nothing is open');
    return this.#open;
  }
}

function tracing<T>(store: RecordStore<T>, traces: Traces): RecordStore<T> {
  return {
    load: () => store.load(),
    append: (records) => traces.append(records.map((record) => () => store.append([record]))),
    replace: (records) => traces.append([() => store.replace(records)]),
  };
}
