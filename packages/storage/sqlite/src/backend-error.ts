import { BackendError } from '@dwcp/core';

/** SQLite's primary result codes that pass by themselves or once somebody made room. */
const RETRYABLE = new Set([5, 6, 10, 13]); // BUSY, LOCKED, IOERR, FULL
const DAMAGED = new Set([11, 26]); // CORRUPT, NOTADB

/** What SQLite or its driver threw, in the ports' terms; errors of ours pass unchanged. */
export function asBackendError(backend: string, attempted: string, cause: unknown): Error {
  if (cause instanceof BackendError) return cause;
  const found = cause instanceof Error ? cause.message : String(cause);
  return new BackendError(backend, `${attempted}: ${found}`, {
    cause,
    retryable: RETRYABLE.has(resultCode(cause)),
  });
}

/** Whether SQLite found the file damaged, or to be no database. */
export function meansDamage(error: unknown): error is Error {
  return DAMAGED.has(resultCode(error));
}

/** The primary result code: an extended one has it in its low byte. */
function resultCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}
