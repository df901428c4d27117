import { MonitoringError } from '@dwcp/core';

/** A file that the settings name cannot be read. The message never holds its content. */
export class SettingsFileError extends MonitoringError {
  readonly code = 'DWCP_REMOTE_WRITE_FILE' as const;
  readonly field: string;
  readonly path: string;

  constructor(field: string, path: string, cause: unknown) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    super(`${field}: cannot read ${path}: ${code}`, { cause });
    this.field = field;
    this.path = path;
  }
}

/** The message of what was caught. A failed connection to several addresses has only a code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}
