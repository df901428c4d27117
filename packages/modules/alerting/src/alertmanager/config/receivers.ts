import { checkHttpConfig } from './http-fields.ts';
import { type ConfigReader } from './reader.ts';
import { checkIntegration } from './receiver-checks.ts';
import {
  INTEGRATION_TYPES,
  type IntegrationType,
  sendsResolvedByDefault,
} from './receiver-fields.ts';
import { inheritGlobal } from './receiver-inheritance.ts';
import { type ConfigRecord } from './record.ts';

/** One way of a receiver to tell: an entry of `slack_configs`, `webhook_configs` and so on. */
export interface IntegrationConfig {
  /** Unique among all: `team-a/slack[1]`. */
  readonly name: string;
  readonly type: IntegrationType;
  /** Its place among those of its type, from 0. */
  readonly index: number;
  readonly sendResolved: boolean;
  /**
   * The entry's keys as Alertmanager names them, what it takes from `global` filled in. Durations
   * are texts; secrets are here in the clear.
   */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface ReceiverConfig {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly integrations: readonly IntegrationConfig[];
  /** The receiver as the file has it, nothing filled in: `name`, `slack_configs` and so on. */
  readonly file: Readonly<Record<string, unknown>>;
}

/** Reads receivers; what is missing or contradicts itself goes to the reader's problems. */
export function readReceivers(
  reader: ConfigReader,
  found: readonly ConfigRecord[],
  global: ConfigRecord,
): readonly ReceiverConfig[] {
  const names = new Set<string>();
  return found.map((receiver) => {
    const name = receiver.text('name');
    if (name === '') {
      reader.problem(receiver.place, receiver.name('name'), 'is missing', 'give it a name');
    } else if (names.has(name)) {
      const fix = 'rename one of the receivers';
      const shown = JSON.stringify(name);
      reader.problem(receiver.at('name'), receiver.name('name'), 'is used twice', fix, shown);
    }
    names.add(name);
    const labels = [...receiver.textMap('labels')].map(([key, { value }]) => [key, value] as const);
    return {
      name,
      labels: Object.fromEntries(labels),
      file: receiver.toData(),
      integrations: INTEGRATION_TYPES.flatMap((type) =>
        receiver.records(`${type}_configs`).map((entry, index) => {
          return readIntegration(reader, entry, { receiver: name, type, index, global });
        }),
      ),
    };
  });
}

function readIntegration(
  reader: ConfigReader,
  found: ConfigRecord,
  options: {
    readonly receiver: string;
    readonly type: IntegrationType;
    readonly index: number;
    readonly global: ConfigRecord;
  },
): IntegrationConfig {
  const { receiver, type, index, global } = options;
  const http = found.record('http_config');
  if (http !== undefined) checkHttpConfig(reader, http);
  checkIntegration(reader, found, type);
  inheritGlobal(reader, found, { type, global });
  const sendResolved = found.flag('send_resolved') ?? sendsResolvedByDefault(type);
  const name = `${receiver}/${type}[${index}]`;
  return { name, type, index, sendResolved, settings: found.toData() };
}
