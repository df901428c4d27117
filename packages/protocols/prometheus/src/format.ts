/** `text` is Prometheus text 0.0.4, `openmetrics` is OpenMetrics 1.0. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** What a server puts into `Content-Type`. */
export const EXPOSITION_CONTENT_TYPE: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * The format a `Content-Type` header names, whatever its parameters.
 * @returns undefined when the header is absent or names none of ours
 */
export function expositionFormatOf(contentType: string | undefined): ExpositionFormat | undefined {
  const mediaType = contentType?.split(';', 1)[0] ?? '';
  switch (mediaType.trim().toLowerCase()) {
    case 'application/openmetrics-text':
      return 'openmetrics';
    case 'text/plain':
      return 'text';
    default:
      return undefined;
  }
}
