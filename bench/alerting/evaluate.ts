// One server with the rules and the data: what its passes cost, and what fires in the end.
import { cpuSeconds, pause } from '../metrics/process-stats.ts';
import { RequestPacker } from '../metrics/remote-write.ts';
import { type BenchServer } from '../metrics/server.ts';
import { ruleData } from './data.ts';
import { type RulePart } from './options.ts';
import { GROUP_NAME } from './rules.ts';

export interface Pass {
  /** What the server says of its last evaluation of the group. */
  readonly evaluationMs: number;
  /** The server's CPU time from before the pass until after it, of all its threads. */
  readonly cpuMs: number;
}

export interface Evaluated {
  readonly passes: readonly Pass[];
  /** By rule, the labels and state of each alert. */
  readonly alerts: ReadonlyMap<string, readonly string[]>;
}

/** @throws Error when a rule failed, or the passes do not come in time */
export async function evaluate(
  server: BenchServer,
  { intervalMs, warmPasses, passes }: Omit<RulePart, 'rules'>,
): Promise<Evaluated> {
  await send(server);
  let last = await groupOf(server);
  for (let pass = 0; pass < warmPasses; pass++) last = await nextPass(server, last, intervalMs);
  const measured: Pass[] = [];
  while (measured.length < passes) {
    const startUnixMs = Date.parse(last.lastEvaluation);
    // Just before the next pass, long after the answer about the last one.
    await until(startUnixMs + 0.95 * intervalMs);
    const before = cpuSeconds(server.pid);
    await until(startUnixMs + 1.7 * intervalMs);
    const cpuMs = (cpuSeconds(server.pid) - before) * 1_000;
    const group = await groupOf(server);
    const stepMs = Date.parse(group.lastEvaluation) - startUnixMs;
    if (Math.abs(stepMs - intervalMs) > 0.5 * intervalMs) {
      throw new Error(
        `${server.name}: a pass came ${stepMs} ms after the one before in place of ${intervalMs}`,
      );
    }
    measured.push({ evaluationMs: group.evaluationTime * 1_000, cpuMs });
    last = group;
  }
  for (const { name, health, lastError } of last.rules) {
    if (health !== 'ok') throw new Error(`${server.name}: rule ${name} is ${health}: ${lastError}`);
  }
  return { passes: measured, alerts: alertsOf(last) };
}

function until(unixMs: number): Promise<void> {
  return pause(Math.max(0, unixMs - Date.now()));
}

/** Where the two differ, in words. */
export function differences(ours: Evaluated, theirs: Evaluated): readonly string[] {
  return [...theirs.alerts].flatMap(([rule, expected]) => {
    const found = ours.alerts.get(rule) ?? [];
    if (JSON.stringify(found) === JSON.stringify(expected)) return [];
    return [`${rule}: ${found.length} alerts, Prometheus has ${expected.length}`];
  });
}

async function send(server: BenchServer): Promise<void> {
  const data = ruleData(Date.now());
  const packer = new RequestPacker(data.labels);
  let sent: Promise<void>[] = [];
  for (const batch of data.batches()) {
    // The series of one scrape travel side by side, while the next are packed.
    if (batch.series[0] === 0) {
      await Promise.all(sent);
      sent = [];
    }
    sent.push(post(server, packer.pack(batch)));
  }
  await Promise.all(sent);
}

async function post(server: BenchServer, body: Uint8Array): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body,
  });
  const text = await response.text();
  if (response.ok) return;
  throw new Error(`${server.name} answered ${response.status}: ${text.slice(0, 300)}`);
}

interface Group {
  readonly name: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
  readonly rules: readonly {
    readonly name: string;
    readonly query: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly health: string;
    readonly lastError?: string;
    readonly alerts?: readonly {
      readonly state: string;
      readonly labels: Readonly<Record<string, string>>;
    }[];
  }[];
}

async function groupOf(server: BenchServer): Promise<Group> {
  const response = await fetch(`${server.url}/api/v1/rules`);
  const { data } = (await response.json()) as { readonly data: { readonly groups: Group[] } };
  const group = data.groups.find(({ name }) => name === GROUP_NAME);
  if (group === undefined) throw new Error(`${server.name} has no rule group ${GROUP_NAME}`);
  return group;
}

async function nextPass(server: BenchServer, last: Group, intervalMs: number): Promise<Group> {
  const deadlineMs = performance.now() + 4 * intervalMs + 10_000;
  while (performance.now() < deadlineMs) {
    await pause(intervalMs / 20);
    const group = await groupOf(server);
    if (group.lastEvaluation !== last.lastEvaluation) {
      // The answer may have come within the pass.
      await pause(intervalMs / 2);
      return groupOf(server);
    }
  }
  throw new Error(`${server.name} does not evaluate the group`);
}

/** Both tell the rules in the order of the file; several have one name. */
function alertsOf({ rules }: Group): ReadonlyMap<string, readonly string[]> {
  return new Map(
    rules.map(({ name, labels = {}, alerts = [] }, index) => [
      `${index} ${name} ${labels['severity'] ?? ''}`,
      alerts.map((alert) => `${alert.state} ${textOf(alert.labels)}`).sort(),
    ]),
  );
}

function textOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
