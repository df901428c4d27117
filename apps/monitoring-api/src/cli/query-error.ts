import { BackendError } from '@dwcp/core';

import { AnswerError } from './client.ts';
import { charactersOf, columnsOf, printable } from './text.ts';

const POSITION = /(?:^|[\s"])(\d+):(\d+): parse error: /;

/**
 * What a server has against an expression, with the line it is about and a caret under the place.
 * Other errors come back as they are.
 *
 * @param width of the terminal; a longer line is cut around the place
 */
export function withCaret(error: unknown, expression: string, width = 80): unknown {
  if (!(error instanceof AnswerError)) return error;
  const found = POSITION.exec(error.reason);
  if (found === null) return error;
  const line = expression.split('\n')[Number(found[1]) - 1];
  if (line === undefined) return error;
  // Prometheus counts bytes from 1.
  const before = new TextDecoder().decode(
    new TextEncoder().encode(line).subarray(0, Number(found[2]) - 1),
  );
  const shown = charactersOf(printable(line.replaceAll('\t', ' ')));
  const at = Math.min(shown.length, columnsOf(printable(before.replaceAll('\t', ' '))));
  const room = Math.max(10, width - 4);
  const from =
    shown.length <= room ? 0 : Math.max(0, Math.min(at - (room >> 1), shown.length - room));
  const part = shown.slice(from, from + room);
  if (from > 0) part[0] = '…';
  if (from + room < shown.length) part[part.length - 1] = '…';
  return new BackendError(
    error.backend,
    `answered ${error.status}: ${error.reason}\n\n  ${part.join('')}\n  ${' '.repeat(at - from)}^\n`,
    { retryable: false, cause: error },
  );
}
