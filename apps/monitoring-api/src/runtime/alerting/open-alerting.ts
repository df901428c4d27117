import { join } from 'node:path';

import {
  type AlertCluster,
  AlertIntake,
  AlertPipeline,
  dedupLookup,
  IncidentManager,
  type IncidentRecord,
  type IntakeConfig,
  intakeNotifier,
  type IntakeRecord,
  isResolved,
  Outbox,
  pipelineOutbox,
  type PipelineRecord,
  type PostableAlert,
  type RuleGroup,
  RuleManager,
  usesIncidentLabel,
} from '@dwcp/alerting';
import { type Labels, type Notifier } from '@dwcp/core';

import { AlertDecisions } from './alert-decisions.ts';
import { AlertForwarder } from './alert-forwarder.ts';
import { type AlertingFiles } from './alerting-files.ts';
import { type AlertingParts } from './alerting.ts';
import { openCluster } from './cluster.ts';
import { alertmanagerNotifiers } from './forwarders.ts';
import { FileOutboxJournal, FileRecordStore } from './record-log.ts';
import { ManagedRuleGroups } from './rule-groups/managed-rule-groups.ts';
import { type RuleGroupChange } from './rule-groups/rule-group-history.ts';

/** Rules tell again of what fires so often, as Prometheus does by default. */
const RESEND_MS = 60_000;
/** What rules tell: the way into the intake. */
export const ROUTES = 'routes';

/** What a reload puts another in the place of, asked for at each use. */
export interface Reloadable {
  files: AlertingFiles;
  dedupOf: ReturnType<typeof dedupLookup>;
}

/** The parts of the way of an alert, from the rules to the receivers. */
export interface OpenedAlerting {
  readonly rules: RuleManager;
  readonly ruleGroups: ManagedRuleGroups;
  /** Puts the rules of the files and the managed ones into use. */
  readonly applyRules: () => Promise<void>;
  readonly intake: AlertIntake;
  readonly incidents: IncidentManager;
  readonly pipeline: AlertPipeline;
  readonly outbox: Outbox;
  readonly decisions: AlertDecisions;
  /** Undefined where alerts are sent on to no Alertmanager. */
  readonly forwarder: AlertForwarder | undefined;
  readonly alertmanagerUrls: readonly string[];
  /** Undefined where this instance is alone. */
  readonly cluster: AlertCluster | undefined;
  readonly stores: readonly AsyncDisposable[];
  readonly current: Reloadable;
}

/**
 * Goes on where the last process ended, each part after those it hands on to. What was opened is
 * closed again when a later one fails.
 * @throws BackendError, CorruptionError when what is stored cannot be read
 */
export async function openAlerting(
  parts: AlertingParts,
  files: AlertingFiles,
): Promise<OpenedAlerting> {
  const { config, clock, log, instruments } = parts;
  const dir = (name: string): string => join(config.dataDir, 'alerting', name);
  await using opening = new AsyncDisposableStack();
  const openStore = async <T>(name: string): Promise<FileRecordStore<T>> =>
    opening.use(await FileRecordStore.open<T>({ dir: dir(name), log }));
  const history = await openStore<RuleGroupChange>('rule-history');
  const applyRules = async (): Promise<void> => {
    const groups = [...current.files.groups, ...ruleGroups.active()];
    current.dedupOf = dedupOf(groups);
    await rules.replace(groups);
  };
  const ruleGroups = await ManagedRuleGroups.open({
    dir: dir('rules'),
    history,
    configured: () => current.files.groups,
    apply: applyRules,
    clock,
    log,
    instruments,
  });
  const groups = [...files.groups, ...ruleGroups.active()];
  const current: Reloadable = { files, dedupOf: dedupOf(groups) };

  const decisions = opening.use(
    await AlertDecisions.open({
      dataDir: config.dataDir,
      clock,
      log,
      instruments,
      externalLabels: { region: config.region },
      retentionMs: config.alerting.decisionRetentionMs,
    }),
  );
  const journal = opening.use(await FileOutboxJournal.open({ dir: dir('outbox'), log }));
  const store = await openStore<PipelineRecord>('pipeline');
  const incidentStore = await openStore<IncidentRecord>('incidents');
  const intakeStore = await openStore<IntakeRecord>('intake');
  const { onDelivery, onCommit, onFlush, onEvaluated, onDecision } = decisions;
  const cluster = await openCluster(parts);
  if (cluster !== undefined) opening.use(cluster);
  const notifiers = notifiersIn(cluster, files);
  const outbox = opening.use(
    await Outbox.open({ notifiers, journal, clock, log, instruments, onDelivery }),
  );
  const toOutbox = pipelineOutbox(outbox);
  const incidents = opening.use(
    await IncidentManager.open({
      config: files.incidents,
      store: incidentStore,
      outbox: toOutbox,
      clock,
      log,
      instruments,
      get externalUrl() {
        return parts.externalUrl();
      },
      get resolveTimeoutMs() {
        return current.files.alertmanager.resolveTimeoutMs;
      },
      integrationsOf: (receiver) => pipeline.state.integrationsOf(receiver),
      isSuppressed: (labels) => isSuppressed(pipeline, labels),
      onCommit: decisions.onIncidents,
    }),
  );
  const pipeline: AlertPipeline = opening.use(
    await AlertPipeline.open({
      config: files.alertmanager,
      store,
      outbox: toOutbox,
      clock,
      log,
      get externalUrl() {
        return parts.externalUrl();
      },
      isAcknowledged: (fingerprint) => incidents.isAcknowledged(fingerprint),
      onCommit: (records, state) => {
        onCommit(records, state);
        cluster?.committed(records);
      },
      onFlush,
      ...(cluster === undefined ? {} : { peers: cluster }),
    }),
  );
  cluster?.start(pipeline.sharing);
  incidents.start();

  const alertmanagers = alertmanagerNotifiers(config.alerting.alertmanagers, clock);
  const forwarder =
    alertmanagers.length === 0
      ? undefined
      : new AlertForwarder({
          next: pipeline,
          notifiers: alertmanagers,
          repeated: () => firingByHand({ intake, incidents, pipeline }),
          repeatMs: RESEND_MS,
          clock,
          log,
          instruments,
        });
  opening.defer(async () => forwarder?.close({ timeoutMs: 0 }));
  const intakeConfig: IntakeConfig = {
    get resolveTimeoutMs() {
      return current.files.alertmanager.resolveTimeoutMs;
    },
    get throttle() {
      return current.files.throttle;
    },
  };
  const intake: AlertIntake = opening.use(
    await AlertIntake.open({
      config: intakeConfig,
      store: intakeStore,
      next: forwarder ?? pipeline,
      clock,
      log,
      instruments,
      lookUp: (fingerprint) => pipeline.state.alerts.get(fingerprint)?.alert,
      incidents,
      // Each instance names incidents for itself: groups by them would be no groups in common.
      labelIncidents: () => cluster === undefined && usesIncidentLabel(pipeline.state.config),
      onDecision,
    }),
  );
  const rules = makeRules(parts, groups, {
    onEvaluated,
    notifier: intakeNotifier(intake, {
      name: ROUTES,
      validForMs: 4 * RESEND_MS,
      dedupOf: (labels) => current.dedupOf(labels),
    }),
  });
  opening.move();
  return {
    rules,
    ruleGroups,
    applyRules,
    intake,
    incidents,
    pipeline,
    outbox,
    decisions,
    forwarder,
    alertmanagerUrls: alertmanagers.map(({ url }) => url),
    cluster,
    stores: [intakeStore, incidentStore, store, journal, history],
    current,
  };
}

/** Those of the files; in a cluster they tell nothing that a peer has told. */
export function notifiersIn(
  cluster: AlertCluster | undefined,
  { notifiers }: Pick<AlertingFiles, 'notifiers'>,
): readonly Notifier[] {
  return cluster === undefined
    ? notifiers
    : notifiers.map((notifier) => cluster.notifier(notifier));
}

/** Finds the dedup rule of an alert among those of all rules. */
function dedupOf(groups: readonly RuleGroup[]): ReturnType<typeof dedupLookup> {
  return dedupLookup(
    groups.flatMap(({ rules }) => rules.filter((rule) => rule.kind === 'alerting')),
  );
}

/** Whether a silence or another alert keeps receivers from hearing of it. */
function isSuppressed(pipeline: AlertPipeline, labels: Labels): boolean {
  const { state } = pipeline;
  const unixMs = pipeline.nowUnixMs();
  return (
    state.silences.silencing(labels, unixMs).length > 0 ||
    state.inhibitor.inhibiting(labels, unixMs).length > 0
  );
}

/** Alerts that somebody triggered and nobody posts again, as receivers know them. */
function firingByHand({
  intake,
  incidents,
  pipeline,
}: Pick<OpenedAlerting, 'intake' | 'incidents' | 'pipeline'>): readonly PostableAlert[] {
  const unixMs = pipeline.nowUnixMs();
  return [...intake.state.episodes.values()].flatMap(({ kind, fingerprint }) => {
    if (kind !== 'manual') return [];
    const sent = incidents.sentFingerprint(fingerprint) ?? fingerprint;
    const stored = pipeline.state.alerts.get(sent)?.alert;
    if (stored === undefined || isResolved(stored, unixMs)) return [];
    return [{ ...stored, labels: stored.labels.toObject() }];
  });
}

function makeRules(
  { config, query, store, logs, clock, log, instruments, externalUrl }: AlertingParts,
  groups: readonly RuleGroup[],
  told: { readonly notifier: Notifier; readonly onEvaluated: AlertDecisions['onEvaluated'] },
): RuleManager {
  return new RuleManager({
    groups,
    query,
    store,
    logs,
    clock,
    notifiers: [told.notifier],
    onEvaluated: told.onEvaluated,
    externalLabels: { region: config.region },
    seriesLabels: { region: config.region },
    repeatIntervalMs: RESEND_MS,
    externalUrl,
    generatorUrl: (expression) =>
      `${externalUrl()}/explore?q=${encodeURIComponent(JSON.stringify([expression]))}`,
    log,
    instruments,
  });
}
