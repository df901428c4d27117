import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { type Clock, type LabelValues } from '@dwcp/core';

import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

/** What is asked of node:fs' `statfs`, in blocks of `bsize` bytes. */
export interface FilesystemSize {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface FilesystemOptions {
  readonly clock: Clock;
  /** Where the machine's root is mounted, for a collector in a container. Default `/`. */
  readonly rootfs?: string;
  /** Mount points and types that are left out; node_exporter's defaults. */
  readonly excludedMountPoints?: RegExp;
  readonly excludedTypes?: RegExp;
  /** Default: that of node:fs. */
  readonly statfs?: (path: string) => Promise<FilesystemSize>;
}

const EXCLUDED_MOUNT_POINTS =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
const EXCLUDED_TYPES =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;
/** Types whose answer comes over a network, and may never come. */
const REMOTE_TYPES = /^(nfs|cifs|smb|fuse\.|9p|ceph|glusterfs|lustre|afs|beegfs|gpfs)/;

const REFRESH_MS = 10_000;
const TIMEOUT_MS = 2_000;
const FIRST_WAIT_MS = 250;

/**
 * Calls without an answer that may be outstanding. Each holds one of libuv's four threads, which
 * all file access of the process shares.
 */
const MAX_HANGING = 2;
const MAX_HANGING_REMOTE = 1;

interface Mount {
  readonly labels: LabelValues;
  readonly path: string;
  readonly remote: boolean;
  readonly readOnly: boolean;
}

interface Answer {
  readonly mount: Mount;
  /** Undefined where the filesystem did not answer. */
  readonly size: FilesystemSize | undefined;
}

/**
 * Sizes of mounted filesystems. They are asked for in the background, every 10 s at most, so that a
 * filesystem that hangs delays nothing; samples repeat the last answer.
 */
export class FilesystemPart implements HostPart {
  readonly name = 'filesystem';
  readonly #context: HostContext;
  readonly #options: FilesystemOptions;
  readonly #hanging = new Map<string, Mount>();
  readonly #labels = new Map<string, LabelValues>();
  #answers: readonly Answer[] = [];
  #refresh: Promise<void> | undefined;
  #refreshedMs: number | undefined;
  #failure: unknown;

  constructor(context: HostContext, options: FilesystemOptions) {
    this.#context = context;
    this.#options = options;
    const gauge = (name: string, help: string, unit = ''): void =>
      context.metadata.add(`node_filesystem_${name}`, 'gauge', help, unit);
    gauge('size_bytes', 'Filesystem size in bytes.', 'bytes');
    gauge('free_bytes', 'Filesystem free space in bytes.', 'bytes');
    gauge('avail_bytes', 'Filesystem space available to non-root users in bytes.', 'bytes');
    gauge('files', 'Filesystem total file nodes.');
    gauge('files_free', 'Filesystem total free file nodes.');
    gauge('readonly', 'Filesystem read-only status.');
    gauge(
      'device_error',
      'Whether an error occurred while getting statistics for the given device.',
    );
  }

  /** Resolves with the first answers, or after a quarter of a second; at once from then on. */
  ready(): Promise<void> | undefined {
    if (this.#refreshedMs !== undefined) return undefined;
    this.#refreshIfDue();
    const first = this.#refresh;
    if (first === undefined) return undefined;
    return new Promise((resolve) => {
      const timer = this.#options.clock.schedule(FIRST_WAIT_MS, resolve);
      void first.then(() => {
        timer[Symbol.dispose]();
        resolve();
      });
    });
  }

  collect(sink: MetricSink): void {
    this.#refreshIfDue();
    if (this.#failure !== undefined) throw this.#failure as Error;
    for (const { mount, size } of this.#answers) {
      const { labels } = mount;
      sink.add('node_filesystem_device_error', labels, size === undefined ? 1 : 0);
      if (size === undefined) continue;
      const { bsize } = size;
      sink.add('node_filesystem_size_bytes', labels, size.blocks * bsize);
      sink.add('node_filesystem_free_bytes', labels, size.bfree * bsize);
      sink.add('node_filesystem_avail_bytes', labels, size.bavail * bsize);
      sink.add('node_filesystem_files', labels, size.files);
      sink.add('node_filesystem_files_free', labels, size.ffree);
      sink.add('node_filesystem_readonly', labels, mount.readOnly ? 1 : 0);
    }
  }

  #refreshIfDue(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#refresh !== undefined) return;
    if (this.#refreshedMs !== undefined && nowMs - this.#refreshedMs < REFRESH_MS) return;
    this.#refresh = this.#askAll()
      .then(
        (answers) => {
          this.#answers = answers;
          this.#failure = undefined;
        },
        (error: unknown) => {
          this.#answers = [];
          this.#failure = error;
        },
      )
      .finally(() => {
        this.#refreshedMs = nowMs;
        this.#refresh = undefined;
      });
  }

  /** One after the other: they are few, and one that hangs must not take all threads with it. */
  async #askAll(): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for (const mount of this.#mounts()) answers.push({ mount, size: await this.#ask(mount) });
    return answers;
  }

  async #ask(mount: Mount): Promise<FilesystemSize | undefined> {
    const { path } = mount;
    if (this.#hanging.has(path)) return undefined;
    const hangingRemote = [...this.#hanging.values()].filter(({ remote }) => remote).length;
    if (this.#hanging.size >= MAX_HANGING) return undefined;
    if (mount.remote && hangingRemote >= MAX_HANGING_REMOTE) return undefined;
    const { statfs: ask = statfs, clock } = this.#options;
    this.#hanging.set(path, mount);
    const answer = ask(path)
      .catch(() => undefined)
      .finally(() => this.#hanging.delete(path));
    const late = Promise.withResolvers<undefined>();
    using _ = clock.schedule(TIMEOUT_MS, () => late.resolve(undefined));
    return await Promise.race([answer, late.promise]);
  }

  #mounts(): readonly Mount[] {
    const { rootfs = '/' } = this.#options;
    const { excludedMountPoints = EXCLUDED_MOUNT_POINTS, excludedTypes = EXCLUDED_TYPES } =
      this.#options;
    const mounts = new Map<string, Mount>();
    for (const line of this.#readMounts().split('\n')) {
      const [device, mountPoint, type, options] = line.split(' ').map(unescapeOctal);
      if (device === undefined || mountPoint === undefined || type === undefined) continue;
      if (excludedMountPoints.test(mountPoint) || excludedTypes.test(type)) continue;
      const key = `${device} ${mountPoint} ${type}`;
      mounts.set(key, {
        labels: this.#labelsOf(key, { device, fstype: type, mountpoint: mountPoint }),
        path: join(rootfs, mountPoint),
        remote: REMOTE_TYPES.test(type),
        readOnly: options?.split(',').includes('ro') ?? false,
      });
    }
    for (const key of this.#labels.keys()) if (!mounts.has(key)) this.#labels.delete(key);
    return [...mounts.values()];
  }

  /** What the first process sees is the machine; a container may only look at itself. */
  #readMounts(): string {
    try {
      return this.#context.proc.read('1/mounts', 'utf8');
    } catch {
      return this.#context.proc.read('self/mounts', 'utf8');
    }
  }

  #labelsOf(key: string, labels: LabelValues): LabelValues {
    const kept = this.#labels.get(key) ?? labels;
    this.#labels.set(key, kept);
    return kept;
  }
}

/** Blanks, tabs and backslashes stand as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
