import { wants } from '@dwcp/testing';
import { type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { chromiumProgram, type Complaints, launchChromium, watchPage } from './console-browser.ts';
import { DwcpServer } from './dwcp-server.ts';

const charts = ['CPU', 'Memory', 'Network'] as const;
/** The first one is of a server just started. The median counts. */
const OPENINGS = 5;

let browser: Browser;
beforeAll(async () => {
  if (chromiumProgram !== undefined) browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
});

// Runs in the browser. A chart has a picture once it says to a screen reader what its newest value is.
const takePictures = `${JSON.stringify(charts)}.map((title) => {
  const labelled = [...document.querySelectorAll('[aria-label^="' + title + '."]')];
  const chart = labelled.find((element) => / now, /.test(element.getAttribute('aria-label')));
  return chart?.querySelector('canvas')?.toDataURL();
})`;

interface Opening {
  /** When the last of the charts had its first picture, in milliseconds since the page was asked for. */
  readonly shownMs: number;
  /** When the last of them had another one. */
  readonly movingMs: number;
}

/** Opens the page anew and watches its charts. @throws Error when they do not move within 10 s */
async function open(url: string, page: Page): Promise<Opening> {
  const openedMs = performance.now();
  await page.goto(url);
  const first = new Map<string, string>();
  const moving = new Set<string>();
  let shownMs = Number.NaN;
  for (;;) {
    const nowMs = performance.now() - openedMs;
    if (nowMs > 10_000) throw new Error(`only ${[...moving].join(', ') || 'nothing'} moves`);
    for (const [index, picture] of (
      await page.evaluate<(string | undefined)[]>(takePictures)
    ).entries()) {
      const title = charts[index] ?? '';
      if (picture === undefined) continue;
      const before = first.get(title);
      if (before === undefined) first.set(title, picture);
      else if (before !== picture) moving.add(title);
    }
    if (first.size === charts.length && Number.isNaN(shownMs)) shownMs = nowMs;
    if (moving.size === charts.length) return { shownMs, movingMs: nowMs };
    await page.waitForTimeout(20);
  }
}

test.skipIf(chromiumProgram === undefined)(
  `the first page shows this host moving within 2 s, and its own requests as traces (${wants('chromium')})`,
  async () => {
    await using server = await DwcpServer.start('region: eu-test-1\n');
    const complaints: Complaints = { errors: [], foreign: [] };
    const openings: Opening[] = [];
    for (let i = 0; i < OPENINGS; i++) {
      const page = await browser.newPage({ viewport: { width: 1_440, height: 1_400 } });
      watchPage(page, server.url, complaints);
      openings.push(await open(server.url, page));
      if (i === OPENINGS - 1) {
        await page.getByText('Latest traces').scrollIntoViewIfNeeded();
        await page
          .getByText(/GET \/api\/v1\/query/)
          .first()
          .waitFor({ timeout: 5_000 });
      }
      await page.close();
    }
    process.stdout.write(
      openings
        .map(
          ({ shownMs, movingMs }) =>
            `shown ${shownMs.toFixed(0)}, moving ${movingMs.toFixed(0)} ms\n`,
        )
        .join(''),
    );
    const moving = openings.map(({ movingMs }) => movingMs).toSorted((a, b) => a - b);
    expect(moving[Math.floor(OPENINGS / 2)]).toBeLessThan(2_000);
    expect(complaints).toEqual({ errors: [], foreign: [] });
  },
);
