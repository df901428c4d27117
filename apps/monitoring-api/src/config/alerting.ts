import { existsSync } from 'node:fs';

import { parseDuration } from '@dwcp/core';

import { checkFormat } from '../schema/formats.ts';
import { parseAlertCluster } from './alert-cluster.ts';
import { type Config, type ForwardAlertmanagerConfig, type WebhookConfig } from './config.ts';
import { parseIncidents, throttleOf } from './incidents.ts';
import { type ParseContext } from './parse-config.ts';
import { authorizationOf, checkUrl } from './remote-write.ts';

export interface AlertingHelp {
  /** Milliseconds of a setting that is a duration. */
  readonly durationOf: (path: readonly string[], minimumMs: number, hint: string) => number;
  readonly pathOf: (path: readonly string[], value: string) => string;
  /** The text of a file; undefined when it was reported. */
  readonly readFile: (path: readonly string[], value: string) => string | undefined;
}

/** The settings of alerting, and what they mean together. */
export function parseAlerting(context: ParseContext, help: AlertingHelp): Config['alerting'] {
  const { alerting } = context.settings;
  return {
    ruleFiles: alerting.ruleFiles.map((file, index) => ruleFile(file, index, context, help)),
    webhooks: parseWebhooks(context, help),
    alertmanagerConfig: alertmanagerConfigOf(context, help),
    alertmanagers: parseAlertmanagers(context, help),
    allowPrivateNetwork: alerting.allowPrivateNetwork,
    incidents: parseIncidents(context, help),
    levelsOrigin: context.originOf(['alerting', 'escalation', 'levels']),
    throttle: throttleOf(context, help),
    decisionRetentionMs: help.durationOf(['alerting', 'decisions', 'retention'], 60_000, '1m'),
    cluster: parseAlertCluster(context, help),
  };
}

function ruleFile(
  file: string,
  index: number,
  { report }: ParseContext,
  { pathOf }: AlertingHelp,
): string {
  const path = ['alerting', 'ruleFiles', String(index)];
  const absolute = pathOf(path, file);
  if (!/[*?[{]/.test(file) && !existsSync(absolute)) {
    report(path, 'is not there', 'check the path, or use a pattern such as rules/*.yml');
  }
  return absolute;
}

/** Routes and receivers stand in one place: in the file, or in `webhooks`. */
function alertmanagerConfigOf(
  { settings, report }: ParseContext,
  { pathOf }: AlertingHelp,
): string | undefined {
  const { alertmanagerConfig, webhooks } = settings.alerting;
  if (alertmanagerConfig === undefined) return undefined;
  const path = ['alerting', 'alertmanagerConfig'];
  if (webhooks.length > 0) {
    const fix = 'keep one of them: webhooks can be receivers of the file, under webhook_configs';
    report(path, 'is given together with alerting.webhooks', fix);
  }
  const file = pathOf(path, alertmanagerConfig);
  if (!existsSync(file)) report(path, 'is not there', 'check the path');
  return file;
}

function parseAlertmanagers(
  context: ParseContext,
  help: AlertingHelp,
): readonly ForwardAlertmanagerConfig[] {
  const urls = new Set<string>();
  return context.settings.alerting.alertmanagers.map((entry, index) => {
    const path = ['alerting', 'alertmanagers', String(index)];
    checkUrl(entry.url, [...path, 'url'], context, 'http://host:9093');
    const url = entry.url ?? '';
    if (urls.has(url)) {
      context.report([...path, 'url'], 'is there twice', 'name each instance once');
    }
    urls.add(url);
    const { caFile } = entry;
    return {
      url,
      authorization: authorizationOf(entry, path, context, help),
      caFile: caFile === undefined ? undefined : help.pathOf([...path, 'caFile'], caFile),
      timeoutMs: parseDuration(entry.timeout ?? '10s') ?? 10_000,
    };
  });
}

function parseWebhooks(
  context: ParseContext,
  { readFile }: AlertingHelp,
): readonly WebhookConfig[] {
  const { webhooks } = context.settings.alerting;
  const names = new Set<string>();
  return webhooks.map((webhook, index) => {
    const path = ['alerting', 'webhooks', String(index)];
    const name = webhook.name ?? '';
    if (webhook.name === undefined)
      context.report([...path, 'name'], 'is required', 'give it a name');
    else if (names.has(name)) {
      context.report([...path, 'name'], 'is used by another webhook', 'give it a name of its own');
    }
    names.add(name);
    if (webhook.url !== undefined && webhook.urlFile !== undefined) {
      context.report(
        [...path, 'url'],
        'is given twice, here and as urlFile',
        'keep one of them',
        '***',
      );
    } else if (webhook.url === undefined && webhook.urlFile === undefined) {
      context.report([...path, 'url'], 'is required', 'set url, or urlFile');
    }
    let url = webhook.url ?? '';
    if (webhook.url === undefined && webhook.urlFile !== undefined) {
      url = readFile([...path, 'urlFile'], webhook.urlFile) ?? '';
      const wrong = url === '' ? undefined : checkFormat('http-url', url);
      if (wrong !== undefined) {
        context.report([...path, 'urlFile'], `holds what ${wrong.problem}`, wrong.fix, '***');
      }
    }
    return {
      name,
      url,
      secret:
        webhook.secretFile === undefined
          ? undefined
          : readFile([...path, 'secretFile'], webhook.secretFile),
      sendResolved: webhook.sendResolved ?? true,
      allowPrivateNetwork: webhook.allowPrivateNetwork ?? false,
    };
  });
}
