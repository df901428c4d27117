import { glob, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import {
  type AlertmanagerConfig,
  AlertmanagerConfigError,
  type AlertmanagerConfigProblem,
  loadRuleFiles,
  parseAlertmanagerConfig,
  type RuleGroup,
} from '@dwcp/alerting';
// Types only: templates are loaded when somebody is to be told.
import type { NotificationTemplates } from '@dwcp/alerting/receivers';
import {
  type Clock,
  ConfigError,
  type ConfigProblem,
  type Log,
  MonitoringError,
  type Notifier,
} from '@dwcp/core';

import { type Config } from '../../config/config.ts';
import { builtInConfig, webhookNotifiers } from './built-in-config.ts';

/** What the files of alerting say; read and checked as a whole, so that a bad one changes nothing. */
export interface AlertingFiles {
  readonly groups: readonly RuleGroup[];
  readonly alertmanager: AlertmanagerConfig;
  /** One per integration, by its name. */
  readonly notifiers: readonly Notifier[];
  /** For labels of routes; undefined where nobody is told. */
  readonly templates: NotificationTemplates | undefined;
  readonly incidents: Config['alerting']['incidents'];
  readonly throttle: Config['alerting']['throttle'];
}

export interface FileParts {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Reads rules, routes and receivers.
 * @throws RuleFileError, AlertmanagerConfigError with every problem of a kind; InvalidInputError for
 * a webhook whose address may not be used
 */
export async function readAlertingFiles(
  { alerting }: Pick<Config, 'alerting'>,
  parts: FileParts,
): Promise<AlertingFiles> {
  const groups = await loadRuleFiles(alerting.ruleFiles);
  const { alertmanagerConfig: path, webhooks, allowPrivateNetwork, incidents, throttle } = alerting;
  if (path === undefined) {
    const notifiers = webhookNotifiers(webhooks, parts.clock);
    const alertmanager = builtInConfig(webhooks);
    checkLevels(alerting, alertmanager, 'alerting.webhooks');
    const templates = undefined;
    return { groups, alertmanager, notifiers, templates, incidents, throttle };
  }
  const text = await readText(path, path);
  const alertmanager = withAbsolutePaths(parseAlertmanagerConfig(text, path), dirname(path));
  checkLevels(alerting, alertmanager, path);
  const { notifiers, templates } = await notifiersOf(alertmanager, {
    ...parts,
    path,
    text,
    templates: await readTemplates(path, text, alertmanager.templates),
    allowPrivateNetwork,
  });
  return { groups, alertmanager, notifiers, templates, incidents, throttle };
}

/** Whom a level of the escalation tells has to be there. @throws ConfigError */
function checkLevels(
  { incidents: { levels = [] }, levelsOrigin }: Config['alerting'],
  { receivers }: AlertmanagerConfig,
  where: string,
): void {
  const names = new Set(receivers.map(({ name }) => name));
  const problems = levels.flatMap(({ receiver }, index): readonly ConfigProblem[] => {
    if (receiver === undefined || names.has(receiver)) return [];
    return [
      {
        key: `alerting.escalation.levels.${index}.receiver`,
        value: JSON.stringify(receiver),
        origin: levelsOrigin,
        problem: 'is no receiver',
        fix: `use one of those in ${where}, or add it there`,
      },
    ];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

interface ReceiverParts extends FileParts {
  readonly path: string;
  readonly text: string;
  readonly templates: readonly { readonly name: string; readonly text: string }[];
  readonly allowPrivateNetwork: boolean;
}

async function notifiersOf(
  config: AlertmanagerConfig,
  { clock, log, path, text, templates, allowPrivateNetwork }: ReceiverParts,
): Promise<Pick<AlertingFiles, 'notifiers' | 'templates'>> {
  const found = config.receivers.flatMap(({ name, integrations }, receiver) =>
    integrations.map((integration) => ({ ...integration, receiver: name, place: receiver })),
  );
  if (found.length === 0 && templates.length === 0) return { notifiers: [], templates: undefined };
  // Loaded when somebody is to be told: templates and mail are large.
  const { createIntegration, NotificationTemplates } = await import('@dwcp/alerting/receivers');
  const problems: AlertmanagerConfigProblem[] = [];
  const library = templatesOf(templates, problems, (files) => new NotificationTemplates(files));
  const notifiers: Notifier[] = [];
  for (const { place, ...integration } of found) {
    const at = ['receivers', place, `${integration.type}_configs`, integration.index];
    const report = async (problem: string, fix: string): Promise<void> => {
      const field = `receivers[${place}].${integration.type}_configs[${integration.index}]`;
      problems.push({ path, ...(await placeOf(text, at)), field, value: '', problem, fix });
    };
    try {
      const made = createIntegration(integration, {
        templates: library,
        clock,
        log,
        allowPrivateNetwork,
      });
      if (made === undefined) {
        await report(
          `receivers of the kind ${integration.type} are not supported`,
          'use pagerduty, slack, email, webhook, opsgenie or msteamsv2',
        );
      } else notifiers.push(made.notifier);
    } catch (error) {
      if (!(error instanceof MonitoringError)) throw error;
      await report(error.message, 'correct it');
    }
  }
  if (problems.length > 0) throw new AlertmanagerConfigError(problems);
  return { notifiers, templates: library };
}

/** Each file by itself first, so that every bad one is named. */
function templatesOf<Library>(
  files: ReceiverParts['templates'],
  problems: AlertmanagerConfigProblem[],
  make: (files: ReceiverParts['templates']) => Library,
): Library {
  const good = files.filter((file) => {
    try {
      make([file]);
      return true;
    } catch (error) {
      if (!(error instanceof MonitoringError)) throw error;
      // Worded `template: name:line: reason`, the name being the path.
      const line = Number(/:(\d+):/.exec(error.message)?.[1] ?? 1);
      problems.push({
        path: file.name,
        line,
        column: 1,
        field: '',
        value: '',
        problem: error.message,
        fix: 'correct the template',
      });
      return false;
    }
  });
  return make(good);
}

/** As in Alertmanager, a pattern may match nothing. */
async function readTemplates(
  path: string,
  text: string,
  patterns: readonly string[],
): Promise<ReceiverParts['templates']> {
  const paths = new Set<string>();
  for (const [index, pattern] of patterns.entries()) {
    const found: string[] = [];
    for await (const file of glob(pattern)) found.push(file);
    if (found.length === 0 && !/[*?{[]/.test(pattern)) {
      const { line, column } = await placeOf(text, ['templates', index]);
      const field = `templates[${index}]`;
      const fix = 'check the path';
      throw new AlertmanagerConfigError([
        { path, line, column, field, value: pattern, problem: 'is not there', fix },
      ]);
    }
    for (const file of found.sort()) paths.add(file);
  }
  return Promise.all(
    Array.from(paths, async (file) => ({ name: file, text: await readText(file, file) })),
  );
}

async function readText(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const fix = 'check the path and its permissions';
    throw new AlertmanagerConfigError([
      {
        path: shown,
        line: 1,
        column: 1,
        field: '',
        value: '',
        problem: `cannot be read: ${reason}`,
        fix,
      },
    ]);
  }
}

/** Where an entry begins; its list, or the file's begin, where it has no place of its own. */
async function placeOf(
  text: string,
  at: readonly (string | number)[],
): Promise<{ readonly line: number; readonly column: number }> {
  const { isNode, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (let length = at.length; length > 0; length--) {
    const node = document.getIn(at.slice(0, length), true);
    const offset = isNode(node) ? node.range?.[0] : undefined;
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return { line: 1, column: 1 };
}

/** Paths in the file are relative to it, as in Alertmanager: templates, and whatever ends in `_file`. */
function withAbsolutePaths(config: AlertmanagerConfig, dir: string): AlertmanagerConfig {
  return {
    ...config,
    templates: config.templates.map((pattern) => resolve(dir, pattern)),
    receivers: config.receivers.map((receiver) => ({
      ...receiver,
      integrations: receiver.integrations.map((integration) => ({
        ...integration,
        settings: absolute(integration.settings, dir) as Readonly<Record<string, unknown>>,
      })),
    })),
  };
}

function absolute(value: unknown, dir: string): unknown {
  if (Array.isArray(value)) return value.map((item) => absolute(item, dir));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      key.endsWith('_file') && typeof item === 'string' && item !== ''
        ? resolve(dir, item)
        : absolute(item, dir),
    ]),
  );
}
