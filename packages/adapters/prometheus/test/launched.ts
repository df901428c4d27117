import { PrometheusMetricStore, PrometheusServer } from '@dwcp/adapter-prometheus';
import { type AppendResult, type CallOptions, type SampleBatch } from '@dwcp/core';
import { type RealServer, startPrometheus, startVictoriaMetrics } from '@dwcp/testing';

/** A real server of its own, empty. */
export interface Launched {
  readonly url: string;
  readonly server: PrometheusServer;
  /** Disposing it ends the server too. */
  readonly store: PrometheusMetricStore;
}

export async function launchPrometheus(
  program: string,
  features: string = 'native-histograms,exemplar-storage',
): Promise<Launched> {
  const args = ['--web.enable-remote-write-receiver', `--enable-feature=${features}`];
  const real = await startPrometheus(program, 'scrape_configs: []\n', { args });
  return around(real, new PrometheusServer({ url: real.url }));
}

export async function launchVictoriaMetrics(program: string): Promise<Launched> {
  const real = await startVictoriaMetrics(program, { args: ['-search.latencyOffset=0s'] });
  return around(real, new PrometheusServer({ url: real.url }), async () => {
    const response = await fetch(`${real.url}/internal/force_flush`);
    await response.body?.cancel();
  });
}

function around(
  real: RealServer,
  server: PrometheusServer,
  settle?: () => Promise<void>,
): Launched {
  return { url: real.url, server, store: new LaunchedStore(real, server, settle) };
}

/** Ends its server; shows what was written at once, where that takes a second otherwise. */
class LaunchedStore extends PrometheusMetricStore {
  readonly #real: RealServer;
  readonly #server: PrometheusServer;
  readonly #settle: (() => Promise<void>) | undefined;

  constructor(real: RealServer, server: PrometheusServer, settle?: () => Promise<void>) {
    super(server);
    this.#real = real;
    this.#server = server;
    this.#settle = settle;
  }

  override async append(batch: SampleBatch, options?: CallOptions): Promise<AppendResult> {
    const result = await super.append(batch, options);
    await this.#settle?.();
    return result;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.#server[Symbol.dispose]();
    await this.#real[Symbol.asyncDispose]();
  }
}
