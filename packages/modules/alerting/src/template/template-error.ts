import { MonitoringError } from '@dwcp/core';

/** A template could not be parsed or executed; the message is worded as Go's text/template does. */
export class TemplateError extends MonitoringError {
  readonly code = 'DWCP_TEMPLATE_FAILED' as const;
}
