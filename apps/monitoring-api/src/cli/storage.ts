import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

import {
  deleteSnapshot,
  listSnapshots,
  repairBlocks,
  type StorageReport,
  verifyBlocks,
} from '@dwcp/metric-store';
import { nodeFileSystem } from '@dwcp/segments';

import { envSource } from '../config/env-source.ts';
import { parseConfig } from '../config/parse-config.ts';
import { type ExitCode, type Io, type Style, styleFor, UsageError } from './io.ts';
import { readArgs } from './run.ts';
import { table } from './table.ts';

type BlockReport = StorageReport['blocks'][number];
type Damage = StorageReport['damages'][number];
type Loss = Damage['lost'][number];

/** Losses told per damaged place; `--json` has all. */
const MAX_LOSSES = 10;

interface Place {
  /** The metric store's own directory. */
  readonly dir: string;
  /** How the user says that in a command. */
  readonly option: string;
  readonly json: boolean;
}

/** Looks after stored metrics where no server is needed for it. */
export async function storage(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      'data-dir': { type: 'string' },
      config: { type: 'string' },
      json: { type: 'boolean' },
    },
    strict: true,
    allowPositionals: true,
  });
  const [action, ...rest] = positionals;
  const run = ACTIONS.get(action ?? '');
  if (run === undefined) {
    throw new UsageError(
      `storage wants verify, repair or snapshots${action === undefined ? '' : `, got ${JSON.stringify(action)}`}`,
    );
  }
  if (values['data-dir'] !== undefined && values.config !== undefined) {
    throw new UsageError('--data-dir does not go with --config');
  }
  const place = await placeOf(io, values['data-dir'], values.config);
  return run(io, { ...place, json: values.json === true }, rest);
}

const ACTIONS: ReadonlyMap<
  string,
  (io: Io, place: Place, rest: readonly string[]) => Promise<ExitCode>
> = new Map(Object.entries({ verify, repair, snapshots }));

/** The store in a data directory, or in a snapshot, which is a store itself. */
async function placeOf(
  io: Io,
  dataDir: string | undefined,
  config: string | undefined,
): Promise<{ readonly dir: string; readonly option: string }> {
  const given = dataDir === undefined ? await configuredDir(io, config) : resolve(io.cwd, dataDir);
  const option =
    dataDir === undefined && config !== undefined
      ? `--config ${quoted(config)}`
      : `--data-dir ${quoted(given)}`;
  for (const dir of [join(given, 'metrics'), given]) {
    if (await isDirectory(join(dir, 'blocks'))) return { dir, option };
  }
  throw new UsageError(
    `there are no stored metrics in ${given}; --data-dir wants the directory that "dwcp start" uses`,
  );
}

/** As "dwcp start" finds it. */
async function configuredDir(io: Io, flag: string | undefined): Promise<string> {
  const sources = [envSource(io.env, io.cwd)];
  const file = flag ?? io.env['DWCP_CONFIG'];
  if (file !== undefined && file !== '') {
    const { readConfigFile } = await import('../config/file-source.ts');
    sources.push(readConfigFile(file, io.cwd));
  }
  const options = { sources, cwd: io.cwd, hostname: hostname(), defaultRegion: 'local' };
  return parseConfig(options).dataDir;
}

/** Changes nothing, and may run beside a server. Fails when anything is damaged. */
async function verify(io: Io, place: Place, rest: readonly string[]): Promise<ExitCode> {
  noMore('verify', rest);
  const report = await verifyBlocks(place.dir);
  const mend = mendOf(report, place);
  if (place.json) tellJson(io, { dir: place.dir, ...report, mend });
  else io.out.write(render(report, { place, mend, style: styleFor(io.out, io.env) }));
  return report.isSound ? 0 : 1;
}

/** Writes what is damaged anew with all that can be read. Refused while a server runs there. */
async function repair(io: Io, place: Place, rest: readonly string[]): Promise<ExitCode> {
  noMore('repair', rest);
  const { found, actions, left } = await repairBlocks(place.dir, { fileSystem: nodeFileSystem });
  if (place.json) {
    tellJson(io, { dir: place.dir, found, actions, left });
    return left.isSound ? 0 : 1;
  }
  const style = styleFor(io.out, io.env);
  if (actions.length === 0) {
    io.out.write(`${style.green('sound')}  ${place.dir}: there is nothing to mend\n`);
    return 0;
  }
  io.out.write(`${style.bold('found')}\n${render(found, { place, mend: [], style })}`);
  io.out.write(`\n${style.bold('done')}\n${actions.map((action) => `  ${action}\n`).join('')}`);
  io.out.write(
    left.isSound
      ? `\n${style.green('sound')}  all that is left can be read; start the server again\n`
      : `\n${style.bold('left')}\n${render(left, { place, mend: mendOf(left, place), style })}`,
  );
  return left.isSound ? 0 : 1;
}

/** Lists them, or deletes one. May run beside a server. */
async function snapshots(io: Io, place: Place, rest: readonly string[]): Promise<ExitCode> {
  const root = join(place.dir, 'snapshots');
  const [action, name, ...more] = rest;
  if (action === 'delete' && name !== undefined) {
    noMore('snapshots delete', more);
    await deleteSnapshot(nodeFileSystem, root, name);
    if (place.json) tellJson(io, { deleted: name });
    else io.out.write(`deleted ${name}\n`);
    return 0;
  }
  if (action !== undefined) throw new UsageError('storage snapshots goes alone, or delete NAME');
  const found = await listSnapshots(nodeFileSystem, root);
  if (place.json) {
    tellJson(io, { snapshots: found });
    return 0;
  }
  if (found.length === 0) {
    io.out.write('no snapshots\n');
    return 0;
  }
  const rows = found.map(({ name: one, createdUnixMs, path }) => [one, time(createdUnixMs), path]);
  io.out.write(table(['SNAPSHOT', 'MADE', 'PATH'], rows));
  return 0;
}

function render(
  report: StorageReport,
  {
    place,
    mend,
    style,
  }: { readonly place: Place; readonly mend: readonly string[]; readonly style: Style },
): string {
  const { blocks, notes, isSound } = report;
  const rows = blocks.map(({ name, status, sampleCount }) => [name, status, String(sampleCount)]);
  const all = damagesOf(report);
  const bad = blocks.filter(isBad).length;
  const summary = isSound
    ? `${style.green('sound')}  ${place.dir}: ${blocks.length} blocks`
    : `${style.red('damaged')}  ${place.dir}: ${bad} of ${blocks.length} blocks, ${places(all.length)}; ${lostText(all)}`;
  return [
    ...(rows.length === 0 ? [] : [table(['BLOCK', 'STATE', 'SAMPLES'], rows, RIGHT)]),
    ...all.map((damage) => renderDamage(damage, style)),
    ...notes.map((note) => `${style.yellow('note')}  ${note}\n`),
    `${summary}\n`,
    ...mend.map((line) => `${style.bold('mend')}  ${line}\n`),
  ].join('');
}

const places = (count: number): string => `${count} place${count === 1 ? '' : 's'}`;
const RIGHT = { right: new Set([2]) };

function renderDamage({ path, offset, problem, lost }: Damage, style: Style): string {
  const head = `${style.red('damage')}  ${path} at byte ${offset}: ${problem}\n`;
  const told = lost.slice(0, MAX_LOSSES).map((loss) => `  lost  ${lossText(loss)}\n`);
  const rest = lost.length - told.length;
  return [head, ...told, ...(rest > 0 ? [`  lost  ${rest} more; --json has all\n`] : [])].join('');
}

function lossText({ series, fromUnixMs, toUnixMs, sampleCount }: Loss): string {
  const samples = sampleCount === undefined ? 'samples' : `${sampleCount} samples`;
  return `${samples} of ${series ?? 'series that are not known any more'}, ${time(fromUnixMs)} to ${time(toUnixMs)}`;
}

function lostText(damages: readonly Damage[]): string {
  const lost = damages.flatMap((damage) => damage.lost);
  if (lost.length === 0) return 'no sample is lost';
  const count = lost.reduce((sum, { sampleCount = 0 }) => sum + sampleCount, 0);
  return `${count} samples are lost${lost.some(isUncounted) ? ', and some whose number is not known' : ''}`;
}

const isUncounted = ({ sampleCount }: Loss): boolean => sampleCount === undefined;

function damagesOf({ damages, blocks }: StorageReport): readonly Damage[] {
  return [...damages, ...blocks.flatMap((block) => block.damages)];
}

function isBad({ status }: BlockReport): boolean {
  return status === 'damaged' || status === 'missing';
}

/** What to type. */
function mendOf(report: StorageReport, { option }: Place): readonly string[] {
  const { isSound, blocks } = report;
  const aside = blocks.some(({ name, status }) => status === 'set-aside' && isBlockAside(name));
  if (isSound && !aside) return [];
  const keep = aside ? 'to bring back what can be read of them' : 'to keep all that can be read';
  return [
    `stop the server, then ${keep}: dwcp storage repair ${option}`,
    ...(damagesOf(report).some(({ lost }) => lost.length > 0)
      ? ['what is lost is in a backup or a snapshot only']
      : []),
  ];
}

function isBlockAside(name: string): boolean {
  return name.endsWith('.block.damaged');
}

function time(unixMs: number | undefined): string {
  return unixMs === undefined || !Number.isFinite(unixMs)
    ? 'an unknown time'
    : new Date(unixMs).toISOString();
}

function noMore(action: string, rest: readonly string[]): void {
  const [extra] = rest;
  if (extra === undefined) return;
  throw new UsageError(`storage ${action} does not know what to do with ${JSON.stringify(extra)}`);
}

function tellJson(io: Io, value: unknown): void {
  io.out.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** As a shell wants it. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
