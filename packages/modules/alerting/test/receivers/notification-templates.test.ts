import { TemplateError } from '@dwcp/alerting';
import { NotificationTemplates, templateData } from '@dwcp/alerting/receivers';
import { expect, test } from 'vitest';

import { firingAlert, notificationOf, resolvedAlert } from './fixtures.ts';

const templates = new NotificationTemplates();
const unixMs = Date.parse('2026-01-02T04:04:05Z');

function render(text: string, html = false): string {
  const data = templateData(
    notificationOf([
      firingAlert({ instance: 'a', team: 'x', note: '<b>&"' }),
      resolvedAlert({ instance: 'b', team: 'x', note: '<b>&"' }),
    ]),
  );
  return templates.render('test', text, { data, unixMs, html });
}

test.each([
  ['{{ .Status }} {{ .Receiver }}', 'firing team'],
  ['{{ .Alerts | len }}/{{ .Alerts.Firing | len }}/{{ .Alerts.Resolved | len }}', '2/1/1'],
  ['{{ range .Alerts.Firing }}{{ .Labels.instance }}{{ end }}', 'a'],
  ['{{ (index .Alerts 1).Labels.instance }}', 'b'],
  ['{{ .GroupLabels }}', 'alertname=DiskFull'],
  ['{{ .CommonLabels.SortedPairs.Names | join "," }}', 'alertname,note,team'],
  ['{{ .CommonLabels.SortedPairs }}', 'alertname=DiskFull, note=<b>&", team=x'],
  ['{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join " " }}', '<b>&" x'],
  ['{{ (.CommonLabels.Remove (stringSlice "note" "team")).Names | join " " }}', 'alertname'],
  ['{{ .CommonLabels.nothing }}|{{ with .CommonLabels.nothing }}x{{ else }}none{{ end }}', '|none'],
  ['{{ range .GroupLabels.SortedPairs }}{{ .Name }}:{{ .Value }}{{ end }}', 'alertname:DiskFull'],
  ['{{ .ExternalURL }}', 'http://monitoring.example'],
  ['{{ .Status | toUpper }} {{ "a b" | title }}', 'FIRING A B'],
  ['{{ reReplaceAll "i(.)" "<$1>" "disk" }}', 'd<s>k'],
  ['{{ match "^Disk" .GroupLabels.alertname }}', 'true'],
  ['{{ "  x " | trimSpace }}', 'x'],
  ['{{ "<i>" | safeHtml }}', '<i>'],
  ['{{ (index .Alerts 0).StartsAt.Format "2006-01-02T15:04:05Z07:00" }}', '2026-01-02T03:04:05Z'],
  ['{{ (index .Alerts 0).StartsAt | date "Jan _2 3:04PM" }}', 'Jan  2 3:04AM'],
  [
    '{{ (index .Alerts 0).StartsAt | tz "Europe/Paris" | date "15:04 -0700 MST" }}',
    '04:04 +0100 GMT+1',
  ],
  ['{{ since (index .Alerts 0).StartsAt | humanizeDuration }}', '1h 0m 0s'],
  ['{{ (dict "a" (list 1 "x")) | toJson }}', '{"a":[1,"x"]}'],
  ['{{ .GroupLabels | toJson }}', '{"alertname":"DiskFull"}'],
  ['{{ urlUnescape "a%20b+c" }}', 'a b c'],
  ['{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .Status }}', '<firing>'],
  ['{{ template "__subject" . }}', '[FIRING 1] DiskFull (<b>&" x)'],
])('%s gives %s', (text, expected) => {
  expect(render(text)).toBe(expected);
});

test.each([
  ['{{ .CommonLabels.note }}', '&lt;b&gt;&amp;&#34;'],
  ['{{ "<i>" | safeHtml }}', '<i>'],
  ['<a href="{{ "javascript:alert(1)" }}">', '<a href="#unsafe-address">'],
  ['<a href="{{ " java\tscript:alert(1)" }}">', '<a href="#unsafe-address">'],
  ['<a href="{{ "https://x/?a=1&b=2" }}">', '<a href="https://x/?a=1&amp;b=2">'],
  ['<a href="{{ "/path:x" }}">', '<a href="/path:x">'],
])('%s gives %s as HTML', (text, expected) => {
  expect(render(text, true)).toBe(expected);
});

test('a file replaces a default text, and what others make of it', () => {
  const own = new NotificationTemplates([
    { name: 'a.tmpl', text: '{{ define "__subject" }}ours: {{ .Status }}{{ end }}' },
  ]);
  const data = templateData(notificationOf([firingAlert()]));
  const title = '{{ template "slack.default.title" . }}';
  expect(own.render('title', title, { data, unixMs })).toBe('ours: firing');
});

test('a text of 10,000 alerts is rendered', () => {
  const alerts = Array.from({ length: 10_000 }, (_, i) => firingAlert({ instance: `i${i}` }));
  const data = templateData(notificationOf(alerts));
  const text = templates.render('t', '{{ template "email.default.html" . }}', {
    data,
    unixMs,
    html: true,
  });
  expect(text.match(/>i\d+<\/td>/g)).toHaveLength(10_000);
});

test('an error in a file is told with the file and line of it', () => {
  const own = new NotificationTemplates([
    { name: 'a.tmpl', text: '{{ define "x" }}\n{{ .Status.Nope }}{{ end }}' },
  ]);
  const data = templateData(notificationOf([firingAlert()]));
  const call = (): string => own.render('title', '{{ template "x" . }}', { data, unixMs });
  expect(call).toThrow(TemplateError);
  expect(call).toThrow('a.tmpl:2:');
});

test('a template that does not parse is told when it is made', () => {
  expect(() => new NotificationTemplates([{ name: 'b.tmpl', text: '{{ if }}' }])).toThrow('b.tmpl');
  expect(() => templates.check('title', '{{ .Status | nope }}')).toThrow('nope');
});
