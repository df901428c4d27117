import { type ConfigOrigin } from '@dwcp/core';

import { type ConfigReader } from '../scrape/config-reader.ts';
import {
  besideConfig,
  KNOWN_HTTP,
  parseHttpSettings,
  UNSUPPORTED_HTTP,
} from '../scrape/parse-http-settings.ts';
import {
  type DiscoveryConfig,
  DNS_RECORD_TYPES,
  type DnsDiscoveryConfig,
  type FileDiscoveryConfig,
  type HttpDiscoveryConfig,
} from './discovery-config.ts';
import { fileGlobProblem } from './file-glob.ts';

/** The fields of a job that hold discoveries. */
export const KNOWN_DISCOVERY: readonly string[] = [
  'file_sd_configs',
  'http_sd_configs',
  'dns_sd_configs',
];

/** Kinds that Prometheus has and we lack. */
const UNSUPPORTED_KINDS = new Set(
  `azure consul digitalocean docker dockerswarm ec2 eureka gce hetzner ionos kubernetes kuma lightsail linode marathon
  nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr`.split(
    /\s+/,
  ),
);

const MIN_REFRESH_MS = 1_000;
const MAX_REFRESH_MS = 86_400_000;

/** What to do about a discovery of Prometheus that is not there; undefined for anything else. */
export function unsupportedDiscovery(name: string): string | undefined {
  const kind = /^(\w+)_sd_configs$/.exec(name)?.[1] ?? '';
  return UNSUPPORTED_KINDS.has(kind)
    ? `use ${KNOWN_DISCOVERY.join(', ')} or static_configs`
    : undefined;
}

/** Reads `file_sd_configs`, `http_sd_configs` and `dns_sd_configs` of a job. */
export function parseDiscoveryConfigs(
  job: ConfigReader,
  origin: ConfigOrigin,
): readonly DiscoveryConfig[] {
  return [
    ...job.mappings('file_sd_configs').map((reader) => parseFile(reader, origin)),
    ...job.mappings('http_sd_configs').map((reader) => parseHttp(reader, origin)),
    ...job.mappings('dns_sd_configs').map(parseDns),
  ];
}

function parseFile(reader: ConfigReader, origin: ConfigOrigin): FileDiscoveryConfig {
  reader.rejectUnknown(['files', 'refresh_interval']);
  const files = namesOf(reader, 'files', 'name a file such as targets/*.yml');
  for (const [index, file] of files.entries()) {
    const problem = fileGlobProblem(file);
    if (problem !== undefined) {
      reader.problem(`files.${index}`, problem, 'write a path such as targets/web-*.json');
    }
  }
  return {
    kind: 'file',
    files: files.map((file) => besideConfig(file, origin)),
    refreshIntervalMs: parseRefresh(reader, 300_000),
  };
}

function parseHttp(reader: ConfigReader, origin: ConfigOrigin): HttpDiscoveryConfig {
  reader.rejectUnknown(
    ['url', 'refresh_interval', ...KNOWN_HTTP],
    (name) => UNSUPPORTED_HTTP[name],
  );
  const text = reader.string('url') ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!reader.has('url')) {
    reader.problem('url', 'is missing', 'write the address that answers with target groups');
  } else if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    reader.problem(
      'url',
      'is no http or https address',
      'write one such as http://host:8080/targets',
    );
  } else if (url.username !== '' || url.password !== '') {
    reader.problem('url', 'has a user or password in it', 'use basic_auth');
  }
  return {
    kind: 'http',
    url: text,
    refreshIntervalMs: parseRefresh(reader, 60_000),
    ...parseHttpSettings(reader, origin),
  };
}

function parseDns(reader: ConfigReader): DnsDiscoveryConfig {
  reader.rejectUnknown(['names', 'type', 'port', 'refresh_interval']);
  const names = namesOf(reader, 'names', 'name a record such as _http._tcp.example.org');
  for (const [index, name] of names.entries()) {
    if (!/^[^\s/:]+$/.test(name) || name.length > 255) {
      reader.problem(
        `names.${index}`,
        'is no name of the DNS',
        'write one without port and spaces',
      );
    }
  }
  const given = reader.string('type')?.toUpperCase();
  const type = DNS_RECORD_TYPES.find((each) => each === (given ?? 'SRV'));
  if (type === undefined) {
    reader.problem('type', 'is no type of record', `write one of ${DNS_RECORD_TYPES.join(', ')}`);
  }
  const port = reader.count('port') ?? 0;
  if (port > 65_535) reader.problem('port', 'is above 65535', 'write the port to scrape');
  if (type !== undefined && type !== 'SRV' && port === 0) {
    reader.problem('port', `is needed for records of type ${type}`, 'write the port to scrape');
  }
  return {
    kind: 'dns',
    names,
    type: type ?? 'SRV',
    port,
    refreshIntervalMs: parseRefresh(reader, 30_000),
  };
}

function namesOf(reader: ConfigReader, field: string, fix: string): readonly string[] {
  const names = reader.strings(field) ?? [];
  const given = reader.raw(field);
  if (given === undefined || (Array.isArray(given) && given.length === 0)) {
    reader.problem(field, given === undefined ? 'is missing' : 'is empty', fix);
  }
  return names;
}

function parseRefresh(reader: ConfigReader, defaultMs: number): number {
  const refreshMs = reader.durationMs('refresh_interval') ?? defaultMs;
  if (refreshMs < MIN_REFRESH_MS || refreshMs > MAX_REFRESH_MS) {
    reader.problem('refresh_interval', 'must be from 1s to 1d', 'write one such as 30s');
  }
  return refreshMs;
}
