import { compareUtf8, type Notification } from '@dwcp/core';

import { webhookBody } from '../notify/webhook-body.ts';
import { TemplateCallError } from '../template/executor.ts';
import { GoList, GoMap, type GoMethods, GoStruct, GoTime } from '../template/go-values.ts';

/**
 * What notification templates see as `.`, with Alertmanager's names: `.Status`, `.Alerts.Firing`,
 * `.GroupLabels.SortedPairs.Values`, `.CommonLabels.Remove .GroupLabels.Names`.
 * @see https://prometheus.io/docs/alerting/latest/notifications/
 */
export function templateData(notification: Notification): GoStruct {
  const body = webhookBody(notification, 0);
  return new GoStruct('template.Data', {
    Receiver: body.receiver,
    Status: body.status,
    Alerts: alertList(
      body.alerts.map(
        (alert) =>
          new GoStruct('template.Alert', {
            Status: alert.status,
            Labels: keyValues(alert.labels),
            Annotations: keyValues(alert.annotations),
            StartsAt: new GoTime(Date.parse(alert.startsAt)),
            EndsAt: new GoTime(Date.parse(alert.endsAt)),
            GeneratorURL: alert.generatorURL,
            Fingerprint: alert.fingerprint,
          }),
      ),
    ),
    GroupLabels: keyValues(body.groupLabels),
    CommonLabels: keyValues(body.commonLabels),
    CommonAnnotations: keyValues(body.commonAnnotations),
    ExternalURL: body.externalURL,
    GroupKey: notification.groupKey,
    TruncatedAlerts: 0n,
  });
}

export const stringList = (items: readonly string[]): GoList => new GoList('[]string', items);

const methods = (calls: Readonly<Record<string, () => unknown>>): GoMethods =>
  new Map(Object.entries(calls).map(([name, call]) => [name, { argCount: 0, call }]));

function alertList(alerts: readonly GoStruct[]): GoList {
  const having = (status: string): GoList =>
    new GoList(
      '[]template.Alert',
      alerts.filter(({ fields }) => fields.get('Status') === status),
    );
  return new GoList(
    'template.Alerts',
    alerts,
    methods({ Firing: () => having('firing'), Resolved: () => having('resolved') }),
  );
}

/** Names and values; `alertname` goes first, the rest by name. */
export function keyValues(record: Readonly<Record<string, string>>): GoMap {
  const pairs = Object.entries(record).sort(([a], [b]) => rank(a) - rank(b) || compareUtf8(a, b));
  const remove = ([names]: readonly unknown[]): GoMap => {
    if (!(names instanceof GoList)) throw new TemplateCallError('Remove wants a list of names');
    const gone = new Set(names.items);
    return keyValues(Object.fromEntries(pairs.filter(([name]) => !gone.has(name))));
  };
  return new GoMap(
    pairs,
    'string',
    new Map([
      ...methods({
        SortedPairs: () => pairList(pairs),
        Names: () => stringList(pairs.map(([name]) => name)),
        Values: () => stringList(pairs.map(([, value]) => value)),
        String: () => pairText(pairs),
      }),
      ['Remove', { argCount: 1, call: remove }],
    ]),
  );
}

function rank(name: string): number {
  return name === 'alertname' ? 0 : 1;
}

function pairText(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join(', ');
}

function pairList(pairs: readonly (readonly [string, string])[]): GoList {
  return new GoList(
    'template.Pairs',
    pairs.map(([name, value]) => new GoStruct('template.Pair', { Name: name, Value: value })),
    methods({
      Names: () => stringList(pairs.map(([name]) => name)),
      Values: () => stringList(pairs.map(([, value]) => value)),
      String: () => pairText(pairs),
    }),
  );
}
