import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { parseAlertmanagerConfig } from '@dwcp/alerting';

import { attempt, type CaseOutcome } from './outcome.ts';

/**
 * Verdicts of Alertmanager's own tests (config/config_test.go, cli/check_config_test.go) whose
 * file name does not tell them.
 */
const VERDICTS: Readonly<Record<string, 'accepted' | 'refused'>> = {
  'conf.smtp-no-username-or-password.yml': 'accepted',
  'conf.opsgenie-default-apikey-old-team.yml': 'refused',
  'conf.slack-update-message-and-webhook.yml': 'refused',
};

/** Alertmanager configurations in a folder and below: by name, or with a `route` of their own. */
export function configFixturesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => /\.ya?ml$/.test(path) && statSync(path).isFile())
    .filter(
      (path) => basename(path).startsWith('conf.') || /^route:/m.test(readFileSync(path, 'utf8')),
    )
    .sort();
}

export function verdictOf(path: string): 'accepted' | 'refused' {
  const name = basename(path);
  const known = VERDICTS[name];
  if (known !== undefined) return known;
  return /(?:^|[.-])(?:bad|both|invalid|nil|no)(?:[.-]|$)/.test(name) ? 'refused' : 'accepted';
}

export function runConfigFixture(path: string): CaseOutcome {
  const expected = verdictOf(path);
  const read = attempt(() => parseAlertmanagerConfig(readFileSync(path, 'utf8'), path));
  const got = 'error' in read ? 'refused' : 'accepted';
  return {
    name: basename(path),
    passed: got === expected,
    expected,
    got: 'error' in read ? `refused: ${read.error.message}` : got,
  };
}
