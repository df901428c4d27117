import { type IncidentPageView } from '@dwcp/api-schema';
import { eventually, wants } from '@dwcp/testing';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { chromiumProgram, type Complaints, launchChromium, watchPage } from './console-browser.ts';
import { DwcpServer } from './dwcp-server.ts';

let browser: Browser;
beforeAll(async () => {
  if (chromiumProgram !== undefined) browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
});

/** @throws Error with the body when the status is no 2xx */
async function send(url: string, content: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

test.skipIf(chromiumProgram === undefined)(
  `an acknowledged alert is marked, though 40 incidents opened after its own (${wants('chromium')})`,
  async () => {
    await using server = await DwcpServer.start('region: eu-test-1\n');
    const raise = async (...names: readonly string[]): Promise<void> => {
      const alerts = names.map((name) => ({
        labels: { alertname: name, region: `region-${name}`, instance: `of-${name}` },
      }));
      await send(`${server.url}/api/v2/alerts`, alerts);
    };
    const find = async (name: string): Promise<{ readonly fingerprint: string }> => {
      const [found] = await server.get<{ fingerprint: string }[]>('/api/v2/alerts', {
        filter: `alertname="${name}"`,
      });
      if (found === undefined) throw new Error(`${name} is not there`);
      return found;
    };
    await raise('OneOfIts', 'AllOfIt');
    const one = await find('OneOfIts');
    await send(`${server.url}/api/v1/alerts/${one.fingerprint}/ack`, { by: 'Ann' });
    const { items } = await server.get<IncidentPageView>('/api/v1/incidents', { q: 'AllOfIt' });
    await send(`${server.url}/api/v1/incidents/${items[0]?.id ?? ''}/ack`, { by: 'Bob' });
    await raise(...Array.from({ length: 40 }, (_, index) => `Later${index}`));
    await eventually(
      async () => {
        const open = await server.get<IncidentPageView>('/api/v1/incidents', { limit: '1000' });
        return open.items.length === 42;
      },
      { timeoutMs: 10_000, what: '42 incidents' },
    );

    const complaints: Complaints = { errors: [], foreign: [] };
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    watchPage(page, server.url, complaints);
    await page.goto(`${server.url}/alerts?text=region-OneOfIts`);
    await page.getByText('acknowledged by Ann').waitFor({ timeout: 10_000 });
    await page.goto(`${server.url}/alerts?text=region-AllOfIt`);
    await page.getByText('acknowledged with its incident by Bob').waitFor({ timeout: 10_000 });
    expect(complaints).toEqual({ errors: [], foreign: [] });
  },
);
