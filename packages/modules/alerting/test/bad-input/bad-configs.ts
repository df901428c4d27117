import { type BadFile } from './bad-rules.ts';

const head = 'receivers: [{name: a}]\n';

export const BAD_CONFIGS: readonly BadFile[] = [
  {
    name: 'no route',
    says: ['alertmanager.yml:1:1: route: is missing; add the root of the routing tree'],
    text: head,
  },
  {
    name: 'a route without a receiver',
    says: [
      'alertmanager.yml:1:8: route.receiver: is missing; name the receiver of what no route below takes',
    ],
    text: `route: {group_by: [a]}\n${head}`,
  },
  {
    name: 'a receiver that is not there',
    says: [
      'alertmanager.yml:1:19: route.receiver = "b": is no receiver; define it under receivers; known are a',
    ],
    text: `route: {receiver: b}\n${head}`,
  },
  {
    name: 'two receivers of one name',
    says: [
      'alertmanager.yml:2:31: receivers[1].name = "a": is used twice; rename one of the receivers',
    ],
    text: 'route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n',
  },
  {
    name: 'matchers at the root',
    says: [
      'alertmanager.yml:3:13: route.matchers: stands at the root, which takes every alert; move it to a route below',
    ],
    text: `route:\n  receiver: a\n  matchers: ['b="c"']\n${head}`,
  },
  {
    name: 'a matcher without an operator',
    says: [
      'alertmanager.yml:3:24: route.routes[0].matchers[0] = "severity": end of input: expected an operator: =, !=, =~ or !~; write it as name="value", with =, !=, =~ or !~',
    ],
    text: `route:\n  receiver: a\n  routes: [{matchers: ['severity']}]\n${head}`,
  },
  {
    name: 'a regular expression that is none',
    says: [
      'alertmanager.yml:3:24: route.routes[0].matchers[0] = "a=~\\"(\\"": regular expression: cannot parse "(": error parsing regexp: missing closing ); write it as name="value", with =, !=, =~ or !~',
    ],
    text: `route:\n  receiver: a\n  routes: [{matchers: ['a=~"("']}]\n${head}`,
  },
  {
    name: 'a duration that is none',
    says: [
      'alertmanager.yml:3:15: route.group_wait = "soon": is no duration; write a number and a unit, such as 30s, 5m or 1h30m',
    ],
    text: `route:\n  receiver: a\n  group_wait: soon\n${head}`,
  },
  {
    name: 'a group interval of zero',
    says: ['alertmanager.yml:3:19: route.group_interval = 0: is zero; write a duration above 0'],
    text: `route:\n  receiver: a\n  group_interval: 0s\n${head}`,
  },
  {
    name: 'a label to group by twice',
    says: ['alertmanager.yml:1:36: route.group_by[1] = "x": stands twice; remove one'],
    text: `route: {receiver: a, group_by: [x, x]}\n${head}`,
  },
  {
    name: 'a time interval that is not there',
    says: [
      'alertmanager.yml:3:35: route.routes[0].mute_time_intervals[0] = "nights": is no time interval; define it under time_intervals',
    ],
    text: `route:\n  receiver: a\n  routes: [{mute_time_intervals: [nights]}]\n${head}`,
  },
  {
    name: 'an hour that is none',
    says: [
      'alertmanager.yml:5:44: time_intervals[0].time_intervals[0].times[0].start_time = "25:00": is no time of day; write hours and minutes, 00:00 to 24:00',
      'alertmanager.yml:5:63: time_intervals[0].time_intervals[0].times[0].end_time = "26:00": is no time of day; write hours and minutes, 00:00 to 24:00',
    ],
    text: `route: {receiver: a}\n${head}time_intervals:\n  - name: n\n    time_intervals: [{times: [{start_time: '25:00', end_time: '26:00'}]}]\n`,
  },
  {
    name: 'a time zone that is none',
    says: [
      'alertmanager.yml:5:33: time_intervals[0].time_intervals[0].location = "Europe/Nowhere": is no time zone; write an IANA name such as Europe/Berlin, UTC or Local',
    ],
    text: `route: {receiver: a}\n${head}time_intervals:\n  - name: n\n    time_intervals: [{location: Europe/Nowhere}]\n`,
  },
  {
    name: 'a weekday that is none',
    says: [
      'alertmanager.yml:5:34: time_intervals[0].time_intervals[0].weekdays[0] = "caturday": has "caturday"; write a weekday, such as monday',
    ],
    text: `route: {receiver: a}\n${head}time_intervals:\n  - name: n\n    time_intervals: [{weekdays: [caturday]}]\n`,
  },
  {
    name: 'a field that is none',
    says: [
      'alertmanager.yml:1:22: route.group-by: is not a key of this mapping; known are receiver, group_by, match, match_re, matchers, mute_time_intervals, active_time_intervals, continue, routes, group_wait, group_interval, repeat_interval, labels',
    ],
    text: `route: {receiver: a, group-by: [x]}\n${head}`,
  },
  {
    name: 'a webhook without an address',
    says: [
      'alertmanager.yml:4:23: receivers[0].webhook_configs[0].url: is missing; set one of url, url_file',
    ],
    text: 'route: {receiver: a}\nreceivers:\n  - name: a\n    webhook_configs: [{send_resolved: true}]\n',
  },
  {
    name: 'Slack without an address',
    says: [
      'alertmanager.yml:4:21: receivers[0].slack_configs[0].api_url: is missing; set it, app_token, global.slack_api_url or global.slack_app_token',
    ],
    text: 'route: {receiver: a}\nreceivers:\n  - name: a\n    slack_configs: [{channel: "#ops"}]\n',
  },
  {
    name: 'mail without a server',
    says: [
      'alertmanager.yml:4:21: receivers[0].email_configs[0].smarthost: is missing; set it or global.smtp_smarthost',
      'alertmanager.yml:4:21: receivers[0].email_configs[0].from: is missing; set it or global.smtp_from',
    ],
    text: 'route: {receiver: a}\nreceivers:\n  - name: a\n    email_configs: [{to: a@example.org}]\n',
  },
  {
    name: 'PagerDuty without a key',
    says: [
      'alertmanager.yml:4:25: receivers[0].pagerduty_configs[0].routing_key: is missing; set one of routing_key, routing_key_file, service_key, service_key_file',
    ],
    text: 'route: {receiver: a}\nreceivers:\n  - name: a\n    pagerduty_configs: [{severity: critical}]\n',
  },
  {
    name: 'an address that is no http address',
    says: [
      'alertmanager.yml:4:29: receivers[0].webhook_configs[0].url: is no URL with http:// or https:// and a host; correct the address',
    ],
    text: 'route: {receiver: a}\nreceivers:\n  - name: a\n    webhook_configs: [{url: "ftp://example.org"}]\n',
  },
  {
    name: 'an inhibition with a bad matcher',
    says: [
      'alertmanager.yml:4:23: inhibit_rules[0].source_matchers[0] = "=x": 0:1: unexpected =: expected label name; write it as name="value", with =, !=, =~ or !~',
    ],
    text: `route: {receiver: a}\n${head}inhibit_rules:\n  - source_matchers: ['=x']\n    target_matchers: ['a="b"']\n`,
  },
  {
    name: 'no YAML',
    says: [
      'alertmanager.yml:2:1: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }; correct the syntax',
    ],
    text: 'route: {receiver: a\n',
  },
  {
    name: 'a mail server without a port',
    says: [
      'alertmanager.yml:4:46: receivers[0].email_configs[0].smarthost = "m": is no host with a port; write host:port, such as mail.example.org:587',
      'alertmanager.yml:4:21: receivers[0].email_configs[0].to: is missing; set to',
      'alertmanager.yml:4:21: receivers[0].email_configs[0].smarthost: is missing; set it or global.smtp_smarthost',
    ],
    text: 'route: {receiver: a}\nreceivers:\n  - name: a\n    email_configs: [{from: a@b.c, smarthost: "m"}]\n',
  },
  {
    name: 'an alias to an anchor that is not there',
    says: [
      'alertmanager.yml:1:19: *r has no anchor &r before it; add the anchor, or write the value itself',
    ],
    text: `route: {receiver: *r}\n${head}`,
  },
];
