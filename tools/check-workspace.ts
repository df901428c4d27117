// Checks what neither npm nor tsc checks: that every import is declared in
// package.json, that dependencies follow the layers, and that TypeScript
// project references mirror package.json.
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly private?: boolean;
  readonly nx?: { readonly tags?: readonly string[] };
}

interface Workspace {
  readonly dir: string;
  readonly manifest: Manifest;
}

/** Which layers each layer may import. Imports only point down. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  schema: ['core'],
  storage: ['core', 'storage'],
  query: ['core'],
  protocol: ['core'],
  testing: ['core'],
  adapter: ['core', 'protocol'],
  module: ['core', 'query', 'protocol'],
  hub: ['core', 'protocol', 'module'],
  app: ['core', 'schema', 'storage', 'query', 'protocol', 'adapter', 'module', 'hub'],
  console: ['schema'],
  example: ['app'],
};

/** The storage packages that the stores are built on; a store never imports another store. */
const storageFoundations: ReadonlySet<string> = new Set(['@dwcp/segments', '@dwcp/sqlite']);

/** Where packages are: the `workspaces` of the root manifest. */
const workspaceGlobs = (
  JSON.parse(readFileSync('package.json', 'utf8')) as { readonly workspaces: readonly string[] }
).workspaces;

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const layerOf = (manifest: Manifest): string =>
  manifest.nx?.tags?.find((tag) => tag.startsWith('layer:'))?.slice('layer:'.length) ?? 'untagged';

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const workspaces = new Map<string, Workspace>();
for (const path of workspaceGlobs.flatMap((glob) => globSync(`${glob}/package.json`))) {
  const manifest = readJson(path) as Manifest;
  workspaces.set(manifest.name, { dir: dirname(path), manifest });
}

const problems: string[] = [];

for (const { dir, manifest } of workspaces.values()) {
  const declared = new Set([
    manifest.name,
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
    // What is bundled and never installed by a user may live in devDependencies.
    ...(manifest.private === true ? Object.keys(manifest.devDependencies ?? {}) : []),
  ]);

  for (const file of globSync(`${dir}/src/**/*.{ts,tsx}`)) {
    for (const [, fixed, dynamic] of readFileSync(file, 'utf8').matchAll(
      /^(?:(?:import|export)\b[^'"]*?\bfrom|import)\s*'([^'.][^']*)'|\bimport\(\s*'([^'.][^']*)'/gm,
    )) {
      const specifier = fixed ?? dynamic;
      if (specifier === undefined || isBuiltin(specifier)) continue;
      const name = packageOf(specifier);
      if (!declared.has(name)) problems.push(`${file}: ${name} is not in ${dir}/package.json`);
    }
  }

  const dependencies = [...declared].flatMap((name) =>
    name === manifest.name ? [] : (workspaces.get(name) ?? []),
  );
  for (const dependency of dependencies) {
    const [from, to] = [layerOf(manifest), layerOf(dependency.manifest)];
    const allowed =
      from === 'storage' && to === 'storage'
        ? storageFoundations.has(dependency.manifest.name)
        : mayImport[from]?.includes(to);
    if (allowed !== true) {
      problems.push(
        `${manifest.name} (${from}) may not depend on ${dependency.manifest.name} (${to})`,
      );
    }
  }

  const config = readJson(join(dir, 'tsconfig.lib.json')) as {
    readonly references?: readonly { readonly path: string }[];
  };
  const actual = new Set((config.references ?? []).map(({ path }) => normalize(join(dir, path))));
  const wanted = new Set(dependencies.map((d) => join(d.dir, 'tsconfig.lib.json')));
  for (const path of wanted.difference(actual))
    problems.push(`${dir}: missing reference to ${path}`);
  for (const path of actual.difference(wanted))
    problems.push(`${dir}: needless reference to ${path}`);
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
