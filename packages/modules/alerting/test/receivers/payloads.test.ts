import {
  NotificationTemplates,
  opsgenieMessages,
  type OpsgenieAlert,
  type PagerdutyEvent,
  pagerdutyMessage,
  pagerdutySeverity,
  type PagerdutySettings,
  Rendering,
  type SlackBlock,
  slackMessage,
  type SlackSettings,
  teamsMessage,
} from '@dwcp/alerting/receivers';
import { type Notification } from '@dwcp/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { firingAlert, notificationOf, resolvedAlert, startUnixMs } from './fixtures.ts';

const templates = new NotificationTemplates();
const one = notificationOf([firingAlert({ instance: 'a' }, { summary: 'Disk is full' })]);

function rendering(notification: Notification = one): Rendering {
  return new Rendering({ notification, templates, unixMs: startUnixMs });
}

function manyAlerts(count: number, text = 'x'.repeat(200)): Notification {
  return notificationOf(
    Array.from({ length: count }, (_, i) =>
      firingAlert({ instance: `i${i}` }, { summary: `${i} <&> ${text}`, description: text }),
    ),
  );
}

describe('PagerDuty', () => {
  const url = new URL('https://events.pagerduty.com/v2/enqueue');
  const eventOf = (settings: PagerdutySettings, notification = one): PagerdutyEvent => {
    const target = { url, key: 'R0UT1NG', isV1: false };
    return JSON.parse(
      pagerdutyMessage(settings, rendering(notification), target).body,
    ) as PagerdutyEvent;
  };

  test('an alert that fires is a trigger with all that Events v2 requires', () => {
    expect(eventOf({ severity: '{{ "WARN" }}', class: 'disk' })).toEqual({
      routing_key: 'R0UT1NG',
      event_action: 'trigger',
      dedup_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      client: 'DWCP Monitoring',
      client_url: 'http://monitoring.example/#/alerts?receiver=team',
      payload: {
        summary: '[FIRING 1] DiskFull (a)',
        source: 'DWCP Monitoring',
        severity: 'warning',
        class: 'disk',
        custom_details: {
          firing: expect.stringContaining('Disk is full') as string,
          num_firing: '1',
          num_resolved: '0',
        },
      },
    });
  });

  test('what is over resolves under the key of the trigger', () => {
    const resolved = eventOf({}, notificationOf([resolvedAlert({ instance: 'a' })]));
    expect(resolved).toEqual({
      routing_key: 'R0UT1NG',
      event_action: 'resolve',
      dedup_key: eventOf({}).dedup_key,
    });
  });

  test('the summary is cut at 1,024 characters, not in the middle of one', () => {
    const { payload } = eventOf({ description: '💾'.repeat(2_000) });
    expect(Array.from(payload?.summary ?? '')).toHaveLength(1_024);
    expect(payload?.summary.isWellFormed()).toBe(true);
    expect(payload?.summary.endsWith('…')).toBe(true);
    expect(eventOf({ description: 'x'.repeat(1_024) }).payload?.summary).toBe('x'.repeat(1_024));
  });

  test('an event over 512 kB loses its details and says so', () => {
    const event = eventOf({}, manyAlerts(3_000));
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(512 * 1_024);
    expect(event.payload?.custom_details).toEqual({
      note: expect.stringContaining('512 kB') as string,
    });
    expect(eventOf({}, manyAlerts(300)).payload?.custom_details).toHaveProperty('firing');
  });

  test('an empty summary is replaced, as PagerDuty refuses it', () => {
    expect(eventOf({ description: ' ' }).payload?.summary).toBe('Alerts are firing');
  });

  test('links and images without an address are left out', () => {
    const event = eventOf({
      links: [{ href: '{{ .ExternalURL }}', text: 'open' }, { href: '' }],
      images: [{ src: '' }, { src: 'https://x/y.png', alt: '{{ .Status }}' }],
    });
    expect(event.links).toEqual([{ href: 'http://monitoring.example', text: 'open' }]);
    expect(event.images).toEqual([{ src: 'https://x/y.png', alt: 'firing' }]);
  });

  test.each([
    ['critical', 'critical'],
    ['page', 'critical'],
    ['P1', 'critical'],
    ['high', 'error'],
    ['Warning', 'warning'],
    [' warn ', 'warning'],
    ['notice', 'info'],
    ['none', 'info'],
    ['whatever', 'error'],
    ['', 'error'],
  ])('severity %j is %s', (word, severity) => {
    expect(pagerdutySeverity(word)).toBe(severity);
  });

  test('a service key speaks Events v1', () => {
    const message = pagerdutyMessage({}, rendering(), { url, key: 'S3RV1CE', isV1: true });
    expect(JSON.parse(message.body)).toMatchObject({
      service_key: 'S3RV1CE',
      event_type: 'trigger',
      incident_key: eventOf({}).dedup_key,
      description: '[FIRING 1] DiskFull (a)',
    });
  });
});

/** What breaks the limits of reference/signals.md 1.3 and of Slack's block reference. */
function problemsOf(blocks: readonly SlackBlock[]): readonly string[] {
  const problems: string[] = [];
  const within = (what: string, length: number, max: number): void => {
    if (length < 1 || length > max) problems.push(`${what}: ${length} of ${max}`);
  };
  const text = (what: string, value: string, max: number): void => {
    within(what, value.length, max);
    if (!value.isWellFormed()) problems.push(`${what}: half of a character`);
  };
  within('blocks', blocks.length, 50);
  within('total', JSON.stringify(blocks).length, 13_200);
  for (const block of blocks) {
    switch (block.type) {
      case 'section':
        if (block.text === undefined && block.fields === undefined) problems.push('empty section');
        if (block.text !== undefined) text('section', block.text.text, 3_000);
        within('fields', block.fields?.length ?? 1, 10);
        for (const field of block.fields ?? []) text('field', field.text, 2_000);
        break;
      case 'image':
        text('image_url', block.image_url, 3_000);
        text('alt_text', block.alt_text, 2_000);
        break;
      case 'context':
        within('elements', block.elements.length, 10);
        for (const element of block.elements) text('context', element.text, 2_000);
        break;
      case 'actions': {
        within('buttons', block.elements.length, 25);
        const ids = new Set(block.elements.map((button) => button.action_id));
        if (ids.size < block.elements.length) problems.push('action_id twice');
        for (const button of block.elements) {
          text('button', button.text.text, 75);
          text('button url', button.url ?? 'x', 3_000);
        }
      }
    }
  }
  return problems;
}

describe('Slack', () => {
  const blocksOf = (settings: SlackSettings = {}, notification = one): readonly SlackBlock[] =>
    slackMessage(settings, rendering(notification)).attachments[0].blocks;

  test('a message has a linked title and a line for each alert', () => {
    expect(slackMessage({ channel: '#ops' }, rendering())).toEqual({
      channel: '#ops',
      username: 'DWCP Monitoring',
      attachments: [
        {
          color: 'danger',
          fallback: '[FIRING 1] DiskFull (a)',
          blocks: [
            {
              type: 'section',
              text: {
                type: 'mrkdwn',
                text: '*<http://monitoring.example/#/alerts?receiver=team|[FIRING 1] DiskFull (a)>*',
              },
            },
            {
              type: 'section',
              text: {
                type: 'mrkdwn',
                text: '• *Disk is full*\n   alertname=DiskFull, instance=a <http://monitoring.example/graph|source>',
              },
            },
          ],
        },
      ],
    });
  });

  test('a text too long for a message is cut at a line and says how many are missing', () => {
    const blocks = blocksOf({}, manyAlerts(500));
    expect(problemsOf(blocks)).toEqual([]);
    const text = JSON.stringify(blocks.at(-1));
    expect(text).toMatch(/… and \d+ more lines/);
  });

  test('labels cannot mention a channel in our own texts', () => {
    const blocks = blocksOf({}, notificationOf([firingAlert({ instance: '<!channel>' })]));
    expect(JSON.stringify(blocks)).not.toContain('<!channel>');
    expect(JSON.stringify(blocks)).toContain('&lt;!channel&gt;');
  });

  test('a template of the user may', () => {
    expect(JSON.stringify(blocksOf({ text: '<!here> {{ .Status }}' }))).toContain('<!here> firing');
  });

  test('fields, buttons, images and footer have their blocks', () => {
    const blocks = blocksOf({
      fields: [
        { title: 'A', value: '{{ .Status }}', short: true },
        { title: 'B', value: 'b', short: true },
        { title: 'C', value: 'c' },
      ],
      actions: [
        { type: 'button', text: 'Open', url: '{{ .ExternalURL }}', style: 'primary' },
        { type: 'button', text: 'Bad', url: 'javascript:alert(1)' },
      ],
      image_url: 'https://x/y.png',
      thumb_url: 'https://x/t.png',
      footer: 'from here',
    });
    expect(problemsOf(blocks)).toEqual([]);
    expect(blocks.map(({ type }) => type)).toEqual([
      'section',
      'section',
      'section',
      'section',
      'image',
      'actions',
      'context',
    ]);
    expect(blocks[2]).toEqual({
      type: 'section',
      fields: [
        { type: 'mrkdwn', text: '*A*\nfiring' },
        { type: 'mrkdwn', text: '*B*\nb' },
      ],
    });
    expect(JSON.stringify(blocks)).not.toContain('javascript');
  });

  test('every message is within all limits', () => {
    // The worst for a count of characters: what JSON escapes, and what takes two units.
    const text = fc
      .tuple(fc.constantFrom('a', '"', '💾', '\n', 'a\n', '\\', '<'), fc.nat(20_000))
      .map(([unit, count]) => unit.repeat(count));
    const field = fc.record({ title: fc.constant('t'), value: text, short: fc.boolean() });
    const action = fc.record({
      type: fc.constant('button'),
      text,
      url: text.map((path) => `https://x/${path}`),
    });
    fc.assert(
      fc.property(
        fc.record({
          title: text,
          title_link: text.map((path) => `https://x/${path}`),
          text,
          fields: fc.array(field, { maxLength: 60 }),
          actions: fc.array(action, { maxLength: 40 }),
          footer: text,
          fallback: text,
          image_url: text.map((path) => `https://x/${path}`),
        }),
        (settings) => {
          const message = slackMessage(settings, rendering());
          expect(problemsOf(message.attachments[0].blocks)).toEqual([]);
          expect(message.attachments[0].fallback.length).toBeLessThanOrEqual(1_024);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('Opsgenie', () => {
  const target = { url: new URL('https://api.opsgenie.com/'), key: 'K3Y' };

  test('an alert is created under an alias within all limits', () => {
    const settings = {
      message: 'm'.repeat(500),
      description: 'd'.repeat(20_000),
      tags: `a, b,,${'t'.repeat(80)},${Array.from({ length: 40 }, (_, i) => i).join(',')}`,
      priority: 'p2',
      responders: [
        { type: 'teams', name: 'ops,db' },
        { type: 'User', username: 'x@example.org' },
        { type: 'team', name: '{{ .CommonLabels.nobody }}' },
      ],
      details: { big: 'x'.repeat(9_000), small: '{{ .Status }}' },
    };
    const [message] = opsgenieMessages(settings, rendering(), target);
    expect(message?.url.href).toBe('https://api.opsgenie.com/v2/alerts');
    expect(message?.headers['authorization']).toBe('GenieKey K3Y');
    const alert = JSON.parse(message?.body ?? '') as OpsgenieAlert;
    expect(alert.alias).toMatch(/^[0-9a-f]{64}$/);
    expect(Array.from(alert.message)).toHaveLength(130);
    expect(Array.from(alert.description ?? '')).toHaveLength(15_000);
    expect(alert.tags).toHaveLength(20);
    expect(alert.tags?.every((tag) => tag.length <= 50)).toBe(true);
    expect(alert.priority).toBe('P2');
    expect(alert.responders).toEqual([
      { name: 'ops', type: 'team' },
      { name: 'db', type: 'team' },
      { username: 'x@example.org', type: 'user' },
    ]);
    expect(alert.details).toEqual({ alertname: 'DiskFull', instance: 'a' });
  });

  test('what is over is closed by its alias', () => {
    const resolved = notificationOf([resolvedAlert({ instance: 'a' })]);
    const [close, ...rest] = opsgenieMessages({}, rendering(resolved), target);
    expect(close?.url.href).toBe(
      `https://api.opsgenie.com/v2/alerts/${rendering().dedupKey}/close?identifierType=alias`,
    );
    expect(rest).toEqual([]);
  });

  test('with update_alerts, message and description of an open alert follow', () => {
    const messages = opsgenieMessages({ update_alerts: true }, rendering(), target);
    expect(
      messages.map(({ method, url }) => `${method} ${url.pathname.split('/').at(-1)}`),
    ).toEqual(['POST alerts', 'PUT message', 'PUT description']);
  });
});

describe('Teams', () => {
  test('a message is one adaptive card', () => {
    const [{ contentType, content }] = teamsMessage({}, rendering()).attachments;
    expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(content).toMatchObject({ type: 'AdaptiveCard', version: '1.4' });
    expect(content.body[0]).toMatchObject({ text: '[FIRING 1] DiskFull (a)', color: 'Attention' });
    expect(content.body[1]?.text).toContain('**Disk is full**');
  });

  test('a message longer than 28 kB is cut at a line and says so', () => {
    const message = teamsMessage({}, rendering(manyAlerts(500)));
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(28 * 1_024);
    expect(message.attachments[0].content.body[1]?.text).toMatch(/… and \d+ more lines/);
  });
});

test('a template that fails is replaced by our text, and told', () => {
  const it = rendering();
  const message = slackMessage({ title: '{{ .Nope }}', text: '{{ first 1 }}' }, it);
  expect(message.attachments[0].fallback).toBe('[FIRING 1] DiskFull (a)');
  expect(it.problems).toEqual([
    expect.stringContaining('slack_configs.title: template: slack_configs.title:1:3') as string,
    expect.stringContaining('slack_configs.text: ') as string,
  ]);
});
