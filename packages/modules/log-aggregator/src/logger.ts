import { type LogLevel } from '@dwcp/core';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * A structured logger: a constant message that can be searched and counted, and fields beside it.
 * No call throws or waits. The record carries the active trace and span.
 */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** An Error goes under `err`; it becomes `exception.type`, `.message` and `.stacktrace`. */
  error(message: string, fields?: LogFields): void;
  fatal(message: string, fields?: LogFields): void;
  log(level: LogLevel, message: string, fields?: LogFields): void;
  /** A logger whose records carry these fields too. */
  child(fields: LogFields): Logger;
}

/** Takes what a logger is told; of a field that several sets have, the last counts. */
export type Emit = (level: LogLevel, message: string, fieldSets: readonly LogFields[]) => void;

/** Makes a logger over one function that takes it all. Nothing of the fields is read here. */
export function loggerOver(emit: Emit, bound: readonly LogFields[]): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      emit(level, message, fields === undefined ? bound : [...bound, fields]);
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    log: (level, message, fields) => at(level)(message, fields),
    child: (fields) => loggerOver(emit, [...bound, fields]),
  };
}
