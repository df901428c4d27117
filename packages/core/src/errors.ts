/** The base of every expected failure. `code` is stable and documented in docs/reference/errors.md. */
export abstract class MonitoringError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A storage or server behind a port could not do its work. */
export class BackendError extends MonitoringError {
  readonly code = 'DWCP_BACKEND_UNAVAILABLE' as const;
  readonly backend: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(
    backend: string,
    message: string,
    options: ErrorOptions & { readonly retryable: boolean },
  ) {
    super(`${backend}: ${message}`, options);
    this.backend = backend;
    this.retryable = options.retryable;
  }
}

/** Where a setting came from. */
export type ConfigOrigin = 'code' | `env ${string}` | `file ${string}` | 'default';

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  /** Dotted path of the setting, such as `scrape.jobs.0.intervalMs`. */
  readonly key: string;
  /** What was found, printable; secrets are replaced before they come here. */
  readonly value: string;
  readonly origin: ConfigOrigin;
  readonly problem: string;
  readonly fix: string;
}

/** The configuration is wrong; carries every problem at once. */
export class ConfigError extends MonitoringError {
  readonly code = 'DWCP_CONFIG_INVALID' as const;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map((p) => `${p.key} = ${p.value} (from ${p.origin}): ${p.problem}; ${p.fix}`)
        .join('\n'),
    );
    this.problems = problems;
  }
}

/** Why a query failed, in the words of the Prometheus HTTP API. */
export type QueryErrorType = 'bad_data' | 'execution' | 'timeout' | 'canceled';

/** A PromQL query could not be parsed or evaluated. */
export class QueryError extends MonitoringError {
  readonly code = 'DWCP_QUERY_FAILED' as const;
  readonly errorType: QueryErrorType;
  /** Character offsets into the query, where the fault is known. */
  readonly position: { readonly start: number; readonly end: number } | undefined;

  constructor(
    errorType: QueryErrorType,
    message: string,
    options: ErrorOptions & {
      readonly position?: { readonly start: number; readonly end: number };
    } = {},
  ) {
    super(message, options);
    this.errorType = errorType;
    this.position = options.position;
  }
}

/** A request or a value handed in is wrong. */
export class InvalidInputError extends MonitoringError {
  readonly code = 'DWCP_INPUT_INVALID' as const;
  /** The field at fault. */
  readonly field: string;

  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`${field}: ${problem}`, options);
    this.field = field;
  }
}

/** A stored file does not hold what its checksum says. */
export class CorruptionError extends MonitoringError {
  readonly code = 'DWCP_DATA_CORRUPT' as const;
  readonly path: string;
  readonly offset: number;

  constructor(path: string, offset: number, problem: string) {
    super(`${path} at byte ${offset}: ${problem}`);
    this.path = path;
    this.offset = offset;
  }
}
