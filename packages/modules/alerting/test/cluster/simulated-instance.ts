import {
  AlertCluster,
  AlertPipeline,
  type AlertmanagerConfig,
  MemoryOutboxJournal,
  MemoryRecordStore,
  Outbox,
  type OutboxJournal,
  type PipelineRecord,
  pipelineOutbox,
  type PostableAlert,
} from '@dwcp/alerting';
import { BackendError, type Notification } from '@dwcp/core';
import { type ManualClock } from '@dwcp/testing';

import { type SimulatedNetwork } from './network.ts';

export const PEER_TIMEOUT_MS = 15_000;

/** What the receiver heard. */
export interface Heard {
  readonly from: string;
  readonly unixMs: number;
  readonly status: 'firing' | 'resolved';
  readonly groupKey: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

/** What the instances of a cluster have in common. */
interface Surroundings {
  readonly clock: ManualClock;
  readonly network: SimulatedNetwork;
  readonly config: AlertmanagerConfig;
  /** The ids of all of them, which are their addresses too. */
  readonly urls: readonly string[];
  readonly heard: Heard[];
}

interface Process {
  readonly pipeline: AlertPipeline;
  readonly cluster: AlertCluster;
  readonly outbox: Outbox;
  /** After a kill nothing of it reaches disk, network or receiver. */
  isDead: boolean;
}

/** One instance of a cluster: what is on its disk, and the process while there is one. */
export class SimulatedInstance {
  readonly id: string;
  readonly #shared: Surroundings;
  readonly #store = new MemoryRecordStore<PipelineRecord>();
  readonly #journal = new MemoryOutboxJournal();
  #process: Process | undefined;
  #starts = 0;
  /** Whether the receiver can be reached from here. */
  reachesReceiver = true;

  constructor(id: string, shared: Surroundings) {
    this.id = id;
    this.#shared = shared;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get pipeline(): AlertPipeline {
    return this.#running().pipeline;
  }

  get cluster(): AlertCluster {
    return this.#running().cluster;
  }

  get outbox(): Outbox {
    return this.#running().outbox;
  }

  async start(): Promise<void> {
    const { clock, network, config, urls, heard } = this.#shared;
    const life = { isDead: false };
    const startId = `${this.id}-${++this.#starts}`;
    const transport = network.from(this.id);
    const cluster = new AlertCluster({
      self: { id: this.id, startId },
      // As a configuration that is the same everywhere: its own address is among them.
      peers: urls,
      transport: {
        ask: (...asked) => (life.isDead ? never() : transport.ask(...asked)),
      },
      peerTimeoutMs: PEER_TIMEOUT_MS,
      pushPullMs: 60_000,
      clock,
    });
    const notifier = cluster.notifier({
      name: 'team/webhook[0]',
      notify: async (notification: Notification) => {
        if (life.isDead) await never();
        if (!this.reachesReceiver) {
          throw new BackendError('receiver', 'is out of reach', { retryable: true });
        }
        heard.push(heardOf(this.id, clock.nowUnixMs(), notification));
      },
    });
    const outbox = await Outbox.open({
      notifiers: [notifier],
      journal: diskOf(this.#journal, life),
      clock,
      random: () => 0.5,
    });
    const pipeline = await AlertPipeline.open({
      config,
      store: diskOf(this.#store, life),
      outbox: pipelineOutbox(outbox),
      clock,
      externalUrl: '',
      peers: cluster,
      onCommit: cluster.committed,
    });
    network.listen(this.id, (request) => cluster.receive(request));
    cluster.start(pipeline.sharing);
    this.#process = Object.assign(life, { pipeline, cluster, outbox });
  }

  /** Ends at once, as kill -9 does. */
  async kill(): Promise<void> {
    const process = this.#running();
    process.isDead = true;
    this.#process = undefined;
    this.#shared.network.listen(this.id, undefined);
    // Only their timers are stopped: what they have begun never ends.
    void process.pipeline[Symbol.asyncDispose]();
    void process.cluster[Symbol.asyncDispose]();
    void process.outbox.close({ timeoutMs: 0 });
  }

  #running(): Process {
    if (this.#process === undefined) throw new Error(`${this.id} is down`);
    return this.#process;
  }
}

/** Posts to every instance that is there, as Prometheus does. */
export async function postToAll(
  instances: readonly SimulatedInstance[],
  alerts: readonly PostableAlert[],
): Promise<void> {
  for (const instance of instances) if (instance.isUp) await instance.pipeline.putAlerts(alerts);
}

function heardOf(from: string, unixMs: number, notification: Notification): Heard {
  const names = (kind: string): readonly string[] =>
    notification.alerts
      .filter(({ state }) => state.kind === kind)
      .map(({ labels }) => labels.get('alertname'))
      .sort();
  const { status, groupKey } = notification;
  return {
    from,
    unixMs,
    status,
    groupKey,
    firing: names('firing'),
    resolved: names('resolved'),
  };
}

/** The same disk, of which a dead process gets no answer. */
function diskOf<T extends MemoryRecordStore<PipelineRecord> | OutboxJournal>(
  disk: T,
  life: { readonly isDead: boolean },
): T {
  return new Proxy(disk, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown =>
        life.isDead ? never() : Reflect.apply(found, target, args);
    },
  });
}

function never(): Promise<never> {
  return Promise.withResolvers<never>().promise;
}
