import { BackendError, InvalidInputError, QueryError, type QueryErrorType } from './errors.ts';

/** An error as plain data, for another thread: its class would be lost on the way. */
export type PackedError =
  | {
      readonly kind: 'query';
      readonly errorType: QueryErrorType;
      readonly message: string;
      readonly position: { readonly start: number; readonly end: number } | undefined;
    }
  | {
      readonly kind: 'backend';
      readonly backend: string;
      readonly message: string;
      readonly retryable: boolean;
    }
  | { readonly kind: 'input'; readonly field: string; readonly message: string }
  | {
      readonly kind: 'other';
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
    };

/** Causes are left out. */
export function packError(error: unknown): PackedError {
  if (error instanceof QueryError) {
    const { errorType, message, position } = error;
    return { kind: 'query', errorType, message, position };
  }
  if (error instanceof BackendError) {
    const { backend, message, retryable } = error;
    return { kind: 'backend', backend, message: message.slice(backend.length + 2), retryable };
  }
  if (error instanceof InvalidInputError) {
    const { field, message } = error;
    return { kind: 'input', field, message: message.slice(field.length + 2) };
  }
  if (error instanceof Error) {
    const { name, message, stack } = error;
    return { kind: 'other', name, message, stack };
  }
  return { kind: 'other', name: 'Error', message: String(error), stack: undefined };
}

export function unpackError(packed: PackedError): Error {
  switch (packed.kind) {
    case 'query': {
      const { errorType, message, position } = packed;
      return new QueryError(errorType, message, position === undefined ? {} : { position });
    }
    case 'backend': {
      const { backend, message, retryable } = packed;
      return new BackendError(backend, message, { retryable });
    }
    case 'input':
      return new InvalidInputError(packed.field, packed.message);
    case 'other': {
      const error = new Error(packed.message);
      error.name = packed.name;
      if (packed.stack !== undefined) error.stack = packed.stack;
      return error;
    }
  }
}
