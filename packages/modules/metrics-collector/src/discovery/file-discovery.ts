import { open } from 'node:fs/promises';
import { extname } from 'node:path';

import { type Clock, type Log } from '@dwcp/core';
import { parseDocument, visit } from 'yaml';

import { type Discoverer } from './discoverer.ts';
import { type FileDiscoveryConfig } from './discovery-config.ts';
import { DiscoveryError } from './discovery-error.ts';
import { type DiscoveryMetrics } from './discovery-metrics.ts';
import { expandFileGlob } from './file-glob.ts';
import { readTargetGroups, type TargetGroup } from './target-group.ts';

/** How often files are looked at for a change; reading them again is up to `refresh_interval`. */
const POLL_MS = 1_000;

const MAX_FILES = 10_000;
const MAX_FILE_BYTES = 32 * 2 ** 20;

interface ReadFile {
  /** Tells one content from another without reading it. */
  readonly stamp: string;
  readonly groups: readonly TargetGroup[];
  readonly failure: string | undefined;
}

/**
 * Target groups in files. A file that changed is read again; one that is bad is refused as a whole
 * and leaves the targets it gave before; one that vanished takes its targets with it.
 */
export class FileDiscovery implements Discoverer {
  readonly intervalMs: number;
  readonly #config: FileDiscoveryConfig;
  readonly #clock: Clock;
  readonly #metrics: DiscoveryMetrics;
  readonly #log: Log;
  #files = new Map<string, ReadFile>();
  #globFailure: string | undefined;
  #allReadMs = Number.NEGATIVE_INFINITY;

  constructor(
    config: FileDiscoveryConfig,
    context: { readonly clock: Clock; readonly metrics: DiscoveryMetrics; readonly log: Log },
  ) {
    this.#config = config;
    this.#clock = context.clock;
    this.#metrics = context.metrics;
    this.#log = context.log;
    this.intervalMs = Math.min(POLL_MS, config.refreshIntervalMs);
  }

  get failure(): string | undefined {
    if (this.#globFailure !== undefined) return this.#globFailure;
    for (const { failure } of this.#files.values()) if (failure !== undefined) return failure;
    return undefined;
  }

  async look(): Promise<readonly TargetGroup[]> {
    const nowMs = this.#clock.monotonicMs();
    const readAll = nowMs - this.#allReadMs >= this.#config.refreshIntervalMs;
    if (readAll) this.#allReadMs = nowMs;
    const paths = await this.#paths();
    const files = new Map<string, ReadFile>();
    for (const path of paths) {
      const before = this.#files.get(path);
      files.set(path, await this.#read(path, before, readAll));
    }
    this.#files = files;
    return [...files.values()].flatMap(({ groups }) => groups);
  }

  /** Where a folder cannot be looked into, the files known before count as still there. */
  async #paths(): Promise<ReadonlySet<string>> {
    const paths = new Set<string>();
    let failure: string | undefined;
    for (const pattern of this.#config.files) {
      try {
        for (const path of await expandFileGlob(pattern)) paths.add(path);
      } catch (error) {
        failure = `cannot look for ${pattern}: ${messageOf(error)}`;
        for (const path of this.#files.keys()) paths.add(path);
      }
    }
    if (paths.size > MAX_FILES) {
      failure = `${paths.size} files are more than ${MAX_FILES}; the first ${MAX_FILES} are read`;
    }
    if (failure !== undefined && failure !== this.#globFailure) {
      this.#metrics.fileReadErrors.inc();
      this.#log.error({ reason: failure }, 'files of targets not found out');
    }
    this.#globFailure = failure;
    return paths.size > MAX_FILES ? new Set([...paths].slice(0, MAX_FILES)) : paths;
  }

  async #read(path: string, before: ReadFile | undefined, again: boolean): Promise<ReadFile> {
    let stamp = '';
    try {
      await using file = await open(path, 'r');
      const { mtimeNs, ctimeNs, ino, size } = await file.stat({ bigint: true });
      stamp = `${mtimeNs} ${ctimeNs} ${ino} ${size}`;
      if (before?.stamp === stamp && !again) return before;
      if (size > MAX_FILE_BYTES) {
        throw new DiscoveryError(`${size} bytes are more than ${MAX_FILE_BYTES}; divide the file`);
      }
      const content = parse(await file.readFile('utf8'), path);
      const groups = readTargetGroups(content, { __meta_filepath: path });
      if (before?.failure !== undefined)
        this.#log.info({ file: path }, 'file of targets works again');
      return { stamp, groups, failure: undefined };
    } catch (error) {
      const failure = `${path}: ${messageOf(error)}`;
      if (before?.failure !== failure || before.stamp !== stamp || again) {
        this.#metrics.fileReadErrors.inc();
        this.#log.error({ file: path, reason: messageOf(error) }, 'file of targets refused');
      }
      return { stamp, groups: before?.groups ?? [], failure };
    }
  }
}

function parse(text: string, path: string): unknown {
  if (extname(path).toLowerCase() === '.json') return JSON.parse(text);
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) throw new DiscoveryError(error.message.split('\n', 1)[0] ?? '');
  // `port: 9100` is the text 9100, as in Prometheus.
  visit(document, {
    Scalar(_, node) {
      if (node.value !== null && typeof node.value !== 'string') {
        node.value = node.source ?? JSON.stringify(node.value);
      }
    },
  });
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

function messageOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && !(error instanceof DiscoveryError))
    return `cannot read it: ${code}`;
  return error instanceof Error ? error.message : String(error);
}
