import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram } from '@dwcp/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** A folder for pictures of what tests see, to be looked at by people. */
const pictures = process.env['DWCP_TEST_PICTURES'];

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

/** Where pictures are wanted. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

// Runs in the browser: of each text on the page its contrast with what is behind it, as WCAG 2.2 defines it.
const measureContrasts = `(() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (color) => {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isClear = (color) => color === 'transparent' || /^rgba.*, 0\\)$|[/] 0\\)$/.test(color);
  const found = [];
  for (const element of document.querySelectorAll('#page *')) {
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const text = own.map((node) => node.textContent).join('').trim();
    if (text === '' || !element.checkVisibility()) continue;
    let behind = element;
    while (behind !== document.body && isClear(getComputedStyle(behind).backgroundColor)) {
      behind = behind.parentElement;
    }
    const a = luminance(getComputedStyle(element).color);
    const b = luminance(getComputedStyle(behind).backgroundColor);
    found.push({ text, contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
  }
  return found;
})()`;

/**
 * Texts whose contrast is less than 4.5:1.
 * @param present a text that is there: the proof that it was looked
 */
export async function hardToRead(page: Page, present: string): Promise<readonly string[]> {
  const texts =
    await page.evaluate<readonly { readonly text: string; readonly contrast: number }[]>(
      measureContrasts,
    );
  expect(texts.map(({ text }) => text)).toContain(present);
  return texts
    .filter(({ contrast }) => !(contrast >= 4.5))
    .map(({ text, contrast }) => `${text}: ${contrast.toFixed(2)}`);
}

/** What Tab reaches from the top of the page, in order: its role or element, and its name. */
export async function tabStops(page: Page, count: number): Promise<readonly string[]> {
  const stops: string[] = [];
  for (let i = 0; i < count; i++) {
    await page.keyboard.press('Tab');
    stops.push(
      await page.evaluate<string>(`(() => {
        const { activeElement: element } = document;
        const name = element.getAttribute('aria-label') ?? element.textContent;
        return (element.getAttribute('role') ?? element.localName) + ': ' + name.slice(0, 40).trim();
      })()`),
    );
  }
  return stops;
}
