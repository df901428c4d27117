import { MonitoringError } from '@dwcp/core';

/** A template could not be parsed or executed; the message is worded as Go's text/template does. */
export class TemplateError extends MonitoringError {
  readonly code = 'DWCP_TEMPLATE_FAILED' as const;
}

/** What a template function throws; the executor adds where it happened. */
export class TemplateCallError extends Error {
  /** Whether an argument has the wrong type, which Go reports without "error calling". */
  readonly aboutArgument: boolean;

  constructor(message: string, options: { readonly aboutArgument?: boolean } = {}) {
    super(message);
    this.aboutArgument = options.aboutArgument ?? false;
  }
}
