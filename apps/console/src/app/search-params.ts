import { type LogLevel } from '../api/types.ts';
import { parseRange } from '../time/range.ts';

/** What every page keeps in the address: the time range and the region looked at. */
export interface SharedSearch {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly region?: string | undefined;
}

const sharedKeys = { from: true, to: true, region: true } satisfies Record<
  keyof SharedSearch,
  true
>;
/** The parameters every link carries along. */
export const SHARED_KEYS = Object.keys(sharedKeys) as readonly (keyof SharedSearch)[];

export interface MetricsSearch {
  /** PromQL expressions, one chart over all of them. */
  readonly q?: readonly string[] | undefined;
  readonly stacked?: boolean | undefined;
}

export interface LogsSearch {
  readonly text?: string | undefined;
  readonly minLevel?: LogLevel | undefined;
  readonly service?: string | undefined;
  readonly traceId?: string | undefined;
}

export interface TracesSearch {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly minMs?: number | undefined;
  readonly error?: boolean | undefined;
}

export interface TraceSearch {
  readonly span?: string | undefined;
}

export interface AlertsSearch {
  readonly state?: 'firing' | 'pending' | 'suppressed' | undefined;
  readonly severity?: 'critical' | 'warning' | 'info' | undefined;
  readonly text?: string | undefined;
}

export interface AlertSearch {
  /** The moment that is explained, RFC 3339; without: now. */
  readonly at?: string | undefined;
}

export interface RulesSearch {
  readonly state?: 'firing' | 'pending' | 'inactive' | undefined;
}

export interface RuleGroupsSearch {
  readonly source?: 'managed' | 'file' | undefined;
  readonly text?: string | undefined;
}

export interface RuleGroupSearch {
  /** Where it lies: groups of several rule files may have one name. */
  readonly file?: string | undefined;
}

export interface IncidentsSearch {
  readonly state?: 'open' | 'closed' | 'all' | undefined;
  readonly text?: string | undefined;
}

export interface NotificationsSearch {
  readonly outcome?: (typeof OUTCOMES)[number] | undefined;
  readonly receiver?: string | undefined;
}

export interface HistorySearch {
  /** An alert's name, labels in braces, or its fingerprint. */
  readonly alert?: string | undefined;
  readonly kind?: (typeof DECISION_KINDS)[number] | undefined;
}

type Raw = Readonly<Record<string, unknown>>;

export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
export const OUTCOMES = ['failed', 'dropped', 'waiting', 'delivered'] as const;
export const DECISION_KINDS = [
  'evaluated',
  'rule',
  'intake',
  'routed',
  'weighed',
  'flushed',
  'delivered',
  'silence',
  'acknowledged',
  'escalated',
  'manual',
] as const;
const maxQueries = 8;
const maxTextLength = 4_096;

function text(value: unknown): string | undefined {
  // The router reads `?service=42` as a number.
  const string = typeof value === 'number' ? String(value) : value;
  if (typeof string !== 'string' || string === '') return undefined;
  return string.slice(0, maxTextLength);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

/** Leaves out what is undefined, so that addresses stay short. */
function compact<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** A range that cannot be read is dropped as a whole, and the default range shows. */
export function validateShared(raw: Raw): SharedSearch {
  const { from: rawFrom, to: rawTo, region: rawRegion } = raw;
  const [from, to, region] = [text(rawFrom), text(rawTo), text(rawRegion)];
  if (parseRange(from, to) === undefined) return compact({ region });
  return compact({ from, to, region });
}

export function validateMetrics(raw: Raw): MetricsSearch {
  const list = Array.isArray(raw['q']) ? raw['q'] : [raw['q']];
  const q = list
    .map(text)
    .filter((one) => one !== undefined)
    .slice(0, maxQueries);
  return compact({
    q: q.length === 0 ? undefined : q,
    stacked: raw['stacked'] === true ? true : undefined,
  });
}

export function validateLogs(raw: Raw): LogsSearch {
  return compact({
    text: text(raw['text']),
    minLevel: oneOf(raw['minLevel'], LOG_LEVELS),
    service: text(raw['service']),
    traceId: text(raw['traceId']),
  });
}

export function validateTraces(raw: Raw): TracesSearch {
  const minMs = Number(raw['minMs']);
  return compact({
    service: text(raw['service']),
    operation: text(raw['operation']),
    minMs: Number.isFinite(minMs) && minMs > 0 ? minMs : undefined,
    error: typeof raw['error'] === 'boolean' ? raw['error'] : undefined,
  });
}

export function validateTrace(raw: Raw): TraceSearch {
  const span = text(raw['span']);
  return compact({ span: span !== undefined && /^[0-9a-f]{16}$/.test(span) ? span : undefined });
}

export function validateAlerts(raw: Raw): AlertsSearch {
  return compact({
    state: oneOf(raw['state'], ['firing', 'pending', 'suppressed']),
    severity: oneOf(raw['severity'], ['critical', 'warning', 'info']),
    text: text(raw['text']),
  });
}

export function validateAlert(raw: Raw): AlertSearch {
  const at = text(raw['at']);
  const unixMs = at === undefined ? Number.NaN : Date.parse(at);
  return compact({ at: Number.isFinite(unixMs) ? at : undefined });
}

export function validateRules(raw: Raw): RulesSearch {
  return compact({ state: oneOf(raw['state'], ['firing', 'pending', 'inactive']) });
}

export function validateRuleGroups(raw: Raw): RuleGroupsSearch {
  return compact({ source: oneOf(raw['source'], ['managed', 'file']), text: text(raw['text']) });
}

export function validateRuleGroup(raw: Raw): RuleGroupSearch {
  return compact({ file: text(raw['file']) });
}

export function validateIncidents(raw: Raw): IncidentsSearch {
  return compact({
    state: oneOf(raw['state'], ['open', 'closed', 'all']),
    text: text(raw['text']),
  });
}

export function validateNotifications(raw: Raw): NotificationsSearch {
  return compact({ outcome: oneOf(raw['outcome'], OUTCOMES), receiver: text(raw['receiver']) });
}

export function validateHistory(raw: Raw): HistorySearch {
  return compact({ alert: text(raw['alert']), kind: oneOf(raw['kind'], DECISION_KINDS) });
}
