import { isSpanId, isTraceId, LOG_LEVELS, type LogLevel } from '@dwcp/core';

import { type LogFields } from './logger.ts';

/** What a line of pino's JSON says. */
export interface PinoLine {
  readonly level: LogLevel;
  readonly message: string;
  /** Undefined when the line has no usable `time`. */
  readonly timeUnixMs: number | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly fields: LogFields;
}

const LEVELS: readonly (readonly [number, LogLevel])[] = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
  [20, 'debug'],
];

/** What 64 bits hold as nanoseconds: a later time could not be stored. */
const MAX_UNIX_MS = 9_223_372_036_000;
/** A longer line is not taken apart. */
const MAX_LINE_LENGTH = 1_048_576;

/**
 * Reads one line that pino wrote. A line that is no JSON object is a message at level info, so that
 * nothing a program prints is lost.
 */
export function parsePinoLine(line: string): PinoLine {
  const object = parseObject(line);
  if (object === undefined) {
    return {
      level: 'info',
      message: line,
      timeUnixMs: undefined,
      traceId: undefined,
      spanId: undefined,
      fields: {},
    };
  }
  const {
    level,
    time,
    msg,
    trace_id: traceId,
    span_id: spanId,
    pid,
    hostname,
    err,
    ...rest
  } = object;
  return {
    level: levelOf(level),
    message: typeof msg === 'string' ? msg : (JSON.stringify(msg) ?? ''),
    timeUnixMs: readTime(time),
    traceId: typeof traceId === 'string' && isTraceId(traceId) ? traceId : undefined,
    spanId: typeof spanId === 'string' && isSpanId(spanId) ? spanId : undefined,
    fields: {
      ...rest,
      ...(typeof pid === 'number' ? { 'process.pid': pid } : {}),
      ...(typeof hostname === 'string' ? { 'host.name': hostname } : {}),
      ...readError(err),
    },
  };
}

/** A level as pino's number or, with a formatter, as its name. */
function levelOf(level: unknown): LogLevel {
  if (typeof level === 'number') return LEVELS.find(([floor]) => level >= floor)?.[1] ?? 'trace';
  const name = typeof level === 'string' ? level.toLowerCase() : '';
  return LOG_LEVELS.find((known) => known === name) ?? 'info';
}

function readTime(time: unknown): number | undefined {
  const unixMs = typeof time === 'string' ? Date.parse(time) : time;
  return typeof unixMs === 'number' && unixMs > 0 && unixMs <= MAX_UNIX_MS ? unixMs : undefined;
}

/** pino's error serializer writes type, message and stack. */
function readError(err: unknown): LogFields {
  if (typeof err !== 'object' || err === null) return err === undefined ? {} : { err };
  const { type, message, stack, ...rest } = err as Readonly<Record<string, unknown>>;
  return {
    ...(typeof type === 'string' ? { 'exception.type': type } : {}),
    ...(typeof message === 'string' ? { 'exception.message': message } : {}),
    ...(typeof stack === 'string' ? { 'exception.stacktrace': stack } : {}),
    ...(Object.keys(rest).length === 0 ? {} : { err: rest }),
  };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{') || line.length > MAX_LINE_LENGTH) return undefined;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
