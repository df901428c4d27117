import { findProgram } from '@dwcp/testing';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Of the real Chromium; undefined where there is none. */
export const chromiumProgram = findProgram('chromium');

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumProgram ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What must stay empty: errors of the page, and requests to any other server. */
export interface Complaints {
  readonly errors: string[];
  readonly foreign: string[];
}

export function watchPage(page: Page, serverUrl: string, to: Complaints): void {
  page.on('pageerror', (error) => to.errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') to.errors.push(message.text());
  });
  page.on('request', (request) => {
    if (request.url().startsWith('http') && !request.url().startsWith(serverUrl)) {
      to.foreign.push(request.url());
    }
  });
}
