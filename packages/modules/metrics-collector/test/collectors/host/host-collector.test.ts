import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '@dwcp/core';
import {
  HostCollector,
  type HostCollectorOptions,
  renderCollectors,
} from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test, vi } from 'vitest';

import { samplesOf } from '../../support/samples-of.ts';

const procPath = join(import.meta.dirname, '../../fixtures/proc');

const sizes = { bsize: 4_096, blocks: 1_000, bfree: 500, bavail: 400, files: 90, ffree: 80 };

function makeCollector(options: Partial<HostCollectorOptions> = {}): HostCollector {
  return new HostCollector({
    clock: new ManualClock(1_700_000_000_000),
    procPath,
    platform: 'linux',
    statfs: () => Promise.resolve(sizes),
    ...options,
  });
}

describe('the host collector', () => {
  test('gives CPU seconds by CPU and mode, without the sum of all CPUs', async () => {
    const samples = await samplesOf(makeCollector());
    expect(Object.keys(samples).filter((name) => name.startsWith('node_cpu_seconds'))).toHaveLength(
      16,
    );
    expect(samples).toMatchObject({
      'node_cpu_seconds_total{cpu=0,mode=user}': 1.5,
      'node_cpu_seconds_total{cpu=0,mode=idle}': 45,
      'node_cpu_seconds_total{cpu=1,mode=iowait}': 0.25,
      'node_cpu_seconds_total{cpu=1,mode=softirq}': 0.03,
      'node_cpu_seconds_total{cpu=1,mode=steal}': 0.03,
      'node_cpu_guest_seconds_total{cpu=1,mode=user}': 0.04,
    });
  });

  test('gives memory under node_exporter’s names, kilobytes as bytes', async () => {
    expect(await samplesOf(makeCollector())).toMatchObject({
      node_memory_MemTotal_bytes: 16_777_216,
      node_memory_MemAvailable_bytes: 8_388_608,
      node_memory_Active_anon_bytes: 524_288,
      node_memory_HugePages_Total: 3,
      node_memory_DirectMap4k_bytes: 131_072,
    });
  });

  test('gives traffic by device, in both directions', async () => {
    expect(await samplesOf(makeCollector())).toMatchObject({
      'node_network_receive_bytes_total{device=eth0}': 123_456_789_012,
      'node_network_receive_multicast_total{device=eth0}': 6,
      'node_network_transmit_bytes_total{device=eth0}': 7_000,
      'node_network_transmit_colls_total{device=eth0}': 12,
      'node_network_transmit_compressed_total{device=eth0}': 14,
      'node_network_receive_packets_total{device=lo}': 10,
    });
  });

  test('gives disks without partitions and loop devices, sectors as bytes', async () => {
    const samples = await samplesOf(makeCollector());
    expect(samples).toMatchObject({
      'node_disk_reads_completed_total{device=sda}': 100,
      'node_disk_read_bytes_total{device=sda}': 1_536_000,
      'node_disk_read_time_seconds_total{device=sda}': 4,
      'node_disk_written_bytes_total{device=sda}': 3_584_000,
      'node_disk_io_now{device=sda}': 9,
      'node_disk_io_time_seconds_total{device=sda}': 10,
      'node_disk_io_time_weighted_seconds_total{device=sda}': 11,
      'node_disk_discarded_sectors_total{device=sda}': 1_400,
      'node_disk_flush_requests_time_seconds_total{device=sda}': 1.7,
    });
    const devices = Object.keys(samples).flatMap(
      (s) => /^node_disk_io_now\{device=(.*)\}/.exec(s)?.[1] ?? [],
    );
    expect(devices).toEqual(['sda', 'nvme0n1', 'dm-0']);
    // An older kernel's line ends before the discards.
    expect(samples['node_disk_discards_completed_total{device=nvme0n1}']).toBeUndefined();
  });

  test('gives filesystems without the kernel’s own, with blanks in mount points', async () => {
    const samples = await samplesOf(makeCollector());
    const labels = 'device=/dev/sda1,fstype=ext4,mountpoint=/';
    expect(samples).toMatchObject({
      [`node_filesystem_size_bytes{${labels}}`]: 4_096_000,
      [`node_filesystem_free_bytes{${labels}}`]: 2_048_000,
      [`node_filesystem_avail_bytes{${labels}}`]: 1_638_400,
      [`node_filesystem_files{${labels}}`]: 90,
      [`node_filesystem_files_free{${labels}}`]: 80,
      [`node_filesystem_readonly{${labels}}`]: 0,
      [`node_filesystem_device_error{${labels}}`]: 0,
      'node_filesystem_readonly{device=/dev/sdb1,fstype=xfs,mountpoint=/mnt/my disk}': 1,
    });
    const mountPoints = Object.keys(samples).flatMap(
      (s) => /^node_filesystem_files\{.*mountpoint=(.*)\}/.exec(s)?.[1] ?? [],
    );
    expect(mountPoints).toEqual(['/', '/mnt/my disk', '/run', '/mnt/nas']);
  });

  test('gives load, processes, file handles, faults, sockets, pressure, name and time', async () => {
    expect(await samplesOf(makeCollector())).toMatchObject({
      node_load1: 0.25,
      node_load5: 0.5,
      node_load15: 0.75,
      node_intr_total: 123_456,
      node_context_switches_total: 987_654,
      node_boot_time_seconds: 1_700_000_000,
      node_forks_total: 4_321,
      node_procs_running: 2,
      node_procs_blocked: 1,
      node_filefd_allocated: 1_024,
      node_filefd_maximum: 65_536,
      node_vmstat_pgfault: 13,
      node_vmstat_oom_kill: 16,
      node_netstat_TcpExt_ListenDrops: 3,
      node_netstat_IpExt_OutOctets: 6,
      node_netstat_Ip_Forwarding: 1,
      node_netstat_Tcp_CurrEstab: 9,
      node_netstat_Ip6_InOctets: 10,
      node_netstat_Icmp6_InMsgs: 11,
      node_sockstat_sockets_used: 40,
      node_sockstat_TCP_mem: 3,
      node_sockstat_TCP_mem_bytes: 12_288,
      node_sockstat_TCP6_inuse: 4,
      node_pressure_cpu_waiting_seconds_total: 1.5,
      node_pressure_memory_stalled_seconds_total: 0.5,
      node_pressure_io_waiting_seconds_total: 3.5,
      node_time_seconds: 1_700_000_000,
    });
    const samples = await samplesOf(makeCollector());
    expect(samples['node_vmstat_nr_free_pages']).toBeUndefined();
    expect(samples['node_netstat_TcpExt_PruneCalled']).toBeUndefined();
    expect(samples['node_pressure_cpu_stalled_seconds_total']).toBeUndefined();
    expect(
      Object.keys(samples).some((name) => name.startsWith('node_uname_info{domainname=(none)')),
    ).toBe(true);
  });

  test('leaves out what a container does not show, and says so', async () => {
    using folder = temporaryCopy();
    rmSync(join(folder.path, 'pressure'), { recursive: true });
    rmSync(join(folder.path, 'diskstats'));
    const samples = await samplesOf(makeCollector({ procPath: folder.path }));
    expect(samples).toMatchObject({
      'node_scrape_collector_success{collector=pressure}': 0,
      'node_scrape_collector_success{collector=diskstats}': 0,
      'node_scrape_collector_success{collector=cpu}': 1,
      'node_scrape_collector_duration_seconds{collector=cpu}': 0,
    });
    expect(Object.keys(samples).some((name) => name.startsWith('node_disk'))).toBe(false);
  });

  test('keeps idle time from running backwards, unless the CPU was unplugged', async () => {
    using folder = temporaryCopy();
    const collector = makeCollector({ procPath: folder.path });
    const idleAfter = async (ticks: number): Promise<number | undefined> => {
      writeFileSync(join(folder.path, 'stat'), `cpu  0\ncpu0 1 1 1 ${ticks} 1 1 1 1 1 1\n`);
      return (await samplesOf(collector))['node_cpu_seconds_total{cpu=0,mode=idle}'];
    };
    expect(await idleAfter(5_000)).toBe(50);
    expect(await idleAfter(4_999)).toBe(50);
    expect(await idleAfter(10)).toBe(0.1);
  });

  test('reads files larger than its buffer', async () => {
    using folder = temporaryCopy();
    const interrupts = ' 1'.repeat(100_000);
    writeFileSync(join(folder.path, 'stat'), `cpu  0\nintr 5${interrupts}\nctxt 7\n`);
    const samples = await samplesOf(makeCollector({ procPath: folder.path }));
    expect(samples).toMatchObject({ node_intr_total: 5, node_context_switches_total: 7 });
  });

  test('gives CPU, memory and load through Node where there is no /proc', async () => {
    const samples = await samplesOf(makeCollector({ platform: 'darwin', procPath: '/nowhere' }));
    expect(samples['node_memory_MemTotal_bytes']).toBeGreaterThan(0);
    expect(samples['node_cpu_seconds_total{cpu=0,mode=idle}']).toBeGreaterThan(0);
    expect(samples['node_load1']).toBeGreaterThanOrEqual(0);
    expect(samples['node_scrape_collector_success{collector=portable}']).toBe(1);
  });

  test('describes everything it collects', async () => {
    const collector = makeCollector();
    const names = new Set(
      Object.keys(await samplesOf(collector)).map((s) => s.replace(/\{.*/, '')),
    );
    const described = new Set(collector.describe().map(({ name }) => name));
    expect([...names].filter((name) => !described.has(name))).toEqual([]);
    expect(collector.describe()).toBe(collector.describe());
  });

  test('is written as text with the families together', async () => {
    const clock = new ManualClock();
    const text = await renderCollectors([makeCollector({ clock })], 'text', { clock });
    expect(text).toContain(
      '# HELP node_load1 1m load average.\n# TYPE node_load1 gauge\nnode_load1 0.25\n',
    );
    expect(text).toContain('# TYPE node_vmstat_pgfault untyped\n');
    const families = text.match(/^# TYPE \S+/gm) ?? [];
    expect(new Set(families).size).toBe(families.length);
    const openMetrics = await renderCollectors([makeCollector({ clock })], 'openmetrics', {
      clock,
    });
    expect(openMetrics).toContain('# TYPE node_forks counter\n');
    expect(openMetrics).toContain('\nnode_forks_total 4321\n');
    expect(openMetrics.endsWith('# EOF\n')).toBe(true);
  });
});

describe('asking filesystems for their size', () => {
  const errorOf = (samples: Record<string, number>, mountPoint: string): number | undefined =>
    Object.entries(samples).find(
      ([s]) =>
        s.startsWith('node_filesystem_device_error') && s.endsWith(`mountpoint=${mountPoint}}`),
    )?.[1];

  test('happens every 10 s at most', async () => {
    const clock = new ManualClock();
    const statfs = vi.fn<() => Promise<typeof sizes>>(() => Promise.resolve(sizes));
    const collector = makeCollector({ clock, statfs });
    await samplesOf(collector);
    expect(statfs).toHaveBeenCalledTimes(4);
    for (let second = 0; second < 9; second++) {
      await clock.advance(1_000);
      await samplesOf(collector);
    }
    expect(statfs).toHaveBeenCalledTimes(4);
    await clock.advance(1_000);
    await samplesOf(collector);
    await clock.advance(0);
    expect(statfs).toHaveBeenCalledTimes(8);
  });

  test('that never answer delays nothing, and a dead server is asked once until it answers', async () => {
    const clock = new ManualClock();
    const answer = Promise.withResolvers<typeof sizes>();
    const asked: string[] = [];
    const statfs = (path: string): Promise<typeof sizes> => {
      asked.push(path);
      return path === '/mnt/nas' ? answer.promise : Promise.resolve(sizes);
    };
    const collector = makeCollector({ clock, statfs });
    const first = samplesOf(collector);
    await clock.advance(300);
    expect((await first)['node_load1']).toBe(0.25);
    await clock.advance(2_000);
    let samples = await samplesOf(collector);
    expect(errorOf(samples, '/')).toBe(0);
    expect(errorOf(samples, '/mnt/nas')).toBe(1);
    await clock.advance(10_000);
    await samplesOf(collector);
    await clock.advance(10_000);
    samples = await samplesOf(collector);
    expect(asked.filter((path) => path === '/mnt/nas')).toHaveLength(1);
    expect(errorOf(samples, '/mnt/nas')).toBe(1);
    answer.resolve(sizes);
    await clock.advance(10_000);
    await samplesOf(collector);
    await clock.advance(1_000);
    expect(errorOf(await samplesOf(collector), '/mnt/nas')).toBe(0);
  });

  test('happens below the place where the host’s root is mounted', async () => {
    const asked: string[] = [];
    const statfs = (path: string): Promise<typeof sizes> => {
      asked.push(path);
      return Promise.reject(new Error('ENOENT'));
    };
    const samples = await samplesOf(makeCollector({ rootfs: '/host', statfs }));
    expect(asked).toEqual(['/host/', '/host/mnt/my disk', '/host/run', '/host/mnt/nas']);
    expect(errorOf(samples, '/')).toBe(1);
  });
});

test.skipIf(process.platform !== 'linux')(
  'the real /proc of this machine (Linux only) gives what a dashboard needs',
  async () => {
    const samples = await samplesOf(new HostCollector({ clock: systemClock }));
    for (const name of [
      'node_cpu_seconds_total{cpu=0,mode=idle}',
      'node_memory_MemTotal_bytes',
      'node_memory_MemAvailable_bytes',
      'node_load1',
      'node_boot_time_seconds',
      'node_network_receive_bytes_total{device=lo}',
      'node_filefd_allocated',
      'node_time_seconds',
    ]) {
      expect(samples).toHaveProperty([name]);
      expect(samples[name]).toBeGreaterThanOrEqual(0);
    }
  },
);

function temporaryCopy(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'dwcp-proc-'));
  cpSync(procPath, path, { recursive: true });
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
