import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The Debian packages that bring the real programs our integration tests talk to. */
const debianPackages = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  amtool: 'prometheus-alertmanager',
  'prometheus-node-exporter': 'prometheus-node-exporter',
  'prometheus-pushgateway': 'prometheus-pushgateway',
  'victoria-metrics': 'victoria-metrics',
  vmagent: 'victoria-metrics',
  chromium: 'chromium',
} as const;

/** Files that a program reads at a place of its own, wherever it lies itself. */
const neededFiles: Partial<Record<keyof typeof debianPackages, string>> = {
  'prometheus-alertmanager': '/usr/share/prometheus/alertmanager/default.tmpl',
};

export type ProgramName = keyof typeof debianPackages;

const repositoryRoot = join(import.meta.dirname, '../../../..');

/**
 * The path of a real program: from the folder `DWCP_TEST_SERVERS_DIR` (default
 * `.cache/test-servers`, which tools/fetch-test-servers.sh fills), else from the search path.
 *
 * @returns undefined when the program is not there, and the test should skip, naming it
 * @throws Error instead, where `DWCP_TEST_SERVERS=required`, as in CI
 */
export function findProgram(name: ProgramName): string | undefined {
  const { env } = process;
  const unpacked = env['DWCP_TEST_SERVERS_DIR'] ?? join(repositoryRoot, '.cache/test-servers');
  const folders = [join(unpacked, 'usr/bin'), ...(env['PATH'] ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  const file = neededFiles[name];
  const path = file === undefined || existsSync(file) ? found : undefined;
  if (path === undefined && env['DWCP_TEST_SERVERS'] === 'required') {
    if (found !== undefined) throw new Error(`${found} needs ${file ?? ''}, which is not there`);
    throw new Error(
      `${name} is required (DWCP_TEST_SERVERS=required) but neither in ${unpacked}/usr/bin nor on ` +
        `the search path; Debian's package ${debianPackages[name]} brings it`,
    );
  }
  return path;
}

/** What a skipped test says: which program it wants and where it comes from. */
export function wants(...names: readonly ProgramName[]): string {
  const packages = [...new Set(names.map((name) => debianPackages[name]))];
  return `wants ${names.join(', ')}: Debian's ${packages.join(', ')}, or tools/fetch-test-servers.sh`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
