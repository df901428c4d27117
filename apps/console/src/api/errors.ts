type Fault = Readonly<Record<string, unknown>>;

/** Why an API call gave no answer, in words fit for the page. */
export class ApiError extends Error {
  /** HTTP status; 0 when the server could not be reached. */
  readonly status: number;
  readonly title: string;
  /** The last part of a problem's type, as in `rule-group-conflict`; '' for other answers. */
  readonly kind: string;
  /** What a problem's `errors` has: one entry for each thing at fault. */
  readonly faults: readonly Fault[];
  readonly requestId: string | undefined;

  constructor(options: {
    status: number;
    title: string;
    detail: string;
    kind?: string;
    faults?: readonly Fault[];
    requestId?: string | undefined;
    cause?: unknown;
  }) {
    super(options.detail, { cause: options.cause });
    this.name = 'ApiError';
    this.status = options.status;
    this.title = options.title;
    this.kind = options.kind ?? '';
    this.faults = options.faults ?? [];
    this.requestId = options.requestId;
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const prometheusTitles: Readonly<Record<string, string>> = {
  bad_data: 'The query was refused',
  execution: 'The query failed',
  timeout: 'The query took too long',
  canceled: 'The query was cancelled',
  unavailable: 'The server is not ready',
};

/**
 * Reads an error answer: RFC 9457 problem details, the Prometheus error shape, the bare text of
 * Alertmanager's, or anything else.
 *
 * @param body the parsed JSON body, undefined when it was none
 */
export function errorFromAnswer(status: number, body: unknown): ApiError {
  const fields =
    typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const promError = text(fields['error']);
  const promType = text(fields['errorType']);
  if (promError !== undefined) {
    const title = prometheusTitles[promType ?? ''] ?? 'The request failed';
    return new ApiError({ status, title, detail: promError });
  }
  const faults = Array.isArray(fields['errors'])
    ? fields['errors'].filter((one): one is Fault => typeof one === 'object' && one !== null)
    : [];
  const problems = faults
    .map((one) => [text(one['pointer']), text(one['detail'])].filter(Boolean).join(' '))
    .filter((line) => line !== '');
  const detail =
    text(body) ??
    text(fields['detail']) ??
    text(fields['message']) ??
    `The server answered ${status}.`;
  return new ApiError({
    status,
    title:
      text(fields['title']) ?? (text(body) === undefined ? `HTTP ${status}` : 'It was refused'),
    detail: [detail, ...problems].join('\n'),
    kind: /[^:/]*$/.exec(text(fields['type']) ?? '')?.[0] ?? '',
    faults,
    requestId: text(fields['requestId']),
  });
}

/**
 * Where in an expression a PromQL error sits: `1:5: parse error: ...`, `at line 1, column 5`.
 * Line and column count from 1.
 */
export function errorPosition(
  message: string,
): { readonly line: number; readonly column: number; readonly reason: string } | undefined {
  const found =
    /(?:^|\s|")(\d+):(\d+):\s*(?:parse error:\s*)?([\s\S]*)$/.exec(message) ??
    /line (\d+),? col(?:umn)? (\d+):?\s*([\s\S]*)$/.exec(message);
  if (found === null) return undefined;
  return { line: Number(found[1]), column: Number(found[2]), reason: (found[3] ?? '').trim() };
}
