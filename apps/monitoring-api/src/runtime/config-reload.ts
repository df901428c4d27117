import { type Clock, type Instruments, InvalidInputError, type Log } from '@dwcp/core';

import { type Config } from '../config/config.ts';

export interface ConfigReloadOptions {
  readonly readConfig: (() => Promise<Config>) | undefined;
  readonly apply: (config: Config) => Promise<void>;
  readonly clock: Clock;
  readonly instruments: Instruments;
  readonly log: Log;
}

/**
 * Takes up a changed configuration without a restart: what is scraped, rules, routes and receivers.
 * Everything is read and checked first, so that a bad file changes nothing. One reload at a time.
 */
export class ConfigReload {
  readonly #options: ConfigReloadOptions;
  readonly #succeeded: ReturnType<Instruments['gauge']>;
  readonly #seconds: ReturnType<Instruments['gauge']>;
  #last: Promise<void> = Promise.resolve();
  #state: { readonly succeeded: boolean; readonly lastSuccessUnixMs: number };

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
    const { instruments, clock } = options;
    this.#succeeded = instruments.gauge({
      name: 'dwcp_config_last_reload_successful',
      help: 'Whether the last reload of the configuration was taken up, 1 or 0.',
    });
    this.#seconds = instruments.gauge({
      name: 'dwcp_config_last_reload_success_timestamp_seconds',
      help: 'When the configuration in use was read.',
    });
    this.#state = this.#note(clock.nowUnixMs());
  }

  /** How the last reload went, and when the configuration in use was read. */
  get state(): { readonly succeeded: boolean; readonly lastSuccessUnixMs: number } {
    return this.#state;
  }

  #note(lastSuccessUnixMs: number): typeof this.state {
    this.#succeeded.set(1);
    this.#seconds.set(lastSuccessUnixMs / 1_000);
    return { succeeded: true, lastSuccessUnixMs };
  }

  /**
   * @throws ConfigError, RuleFileError, AlertmanagerConfigError, with the old configuration still in
   * use; InvalidInputError without a file
   */
  run(): Promise<void> {
    const run = this.#last.then(() => this.#run());
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #run(): Promise<void> {
    const { readConfig, apply, clock, log } = this.#options;
    try {
      if (readConfig === undefined) {
        throw new InvalidInputError('config', 'there is no configuration file to read again');
      }
      await apply(await readConfig());
      this.#state = this.#note(clock.nowUnixMs());
      log.info({}, 'configuration reloaded');
    } catch (err) {
      this.#succeeded.set(0);
      this.#state = { ...this.#state, succeeded: false };
      log.error({ err }, 'configuration not reloaded, the old one goes on');
      throw err;
    }
  }
}
