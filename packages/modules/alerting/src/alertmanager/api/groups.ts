import { type Alert, type Notification } from '@dwcp/core';

import { compareAlerts, compareLabelSets, isResolved } from '../alerts.ts';
import { mutingIntervals } from '../flush.ts';
import { type AlertGroup, type HeldAlert } from '../pipeline-state.ts';
import {
  type AlertsQuery,
  alertTest,
  gettableAlert,
  type GettableAlert,
  type PipelineView,
  receiversTest,
} from './alerts.ts';

/** Query parameters of `/api/v2/alerts/groups`; what is absent is true. */
export interface GroupsQuery extends AlertsQuery {
  /** Whether groups that a time interval keeps quiet are listed. */
  readonly muted?: boolean;
}

/** `alertGroup` of Alertmanager's API. */
export interface ApiAlertGroup {
  readonly labels: Readonly<Record<string, string>>;
  /** Those of the route, as far as they could be rendered. */
  readonly routeLabels: Readonly<Record<string, string>>;
  readonly receiver: { readonly name: string };
  readonly alerts: readonly GettableAlert[];
}

/** The labels of a group's route, rendered: `Rendering.routeLabels` of `@dwcp/alerting/receivers`. */
export type RenderRouteLabels = (notification: Notification) => Readonly<Record<string, string>>;

/** Those that are no templates. */
const plainRouteLabels: RenderRouteLabels = ({ routeLabels = {} }) =>
  Object.fromEntries(Object.entries(routeLabels).filter(([, value]) => !value.includes('{{')));

/**
 * Groups with alerts that are not over, by labels, then receiver.
 * @param renderRouteLabels default: templates are left out
 * @throws InvalidInputError
 */
export function apiAlertGroups(
  view: PipelineView,
  query: GroupsQuery = {},
  renderRouteLabels: RenderRouteLabels = plainRouteLabels,
): readonly ApiAlertGroup[] {
  const { state } = view;
  const unixMs = view.nowUnixMs();
  const shows = alertTest(query);
  const toReceiver = receiversTest(state, query);
  const { muted = true } = query;
  return [...state.groups.values()]
    .filter(({ route }) => toReceiver(route.receiver))
    .sort(
      (a, b) =>
        compareLabelSets(a.labels, b.labels) ||
        (a.route.receiver < b.route.receiver ? -1 : Number(a.route.receiver > b.route.receiver)),
    )
    .flatMap((group): readonly ApiAlertGroup[] => {
      const mutedBy = mutingIntervals(state, group, unixMs);
      if (!muted && mutedBy.length > 0) return [];
      const active = [...group.members]
        .flatMap((fingerprint) => state.alerts.get(fingerprint) ?? [])
        .filter(({ alert }) => !isResolved(alert, unixMs))
        .sort((a, b) => compareAlerts(a.alert, b.alert));
      const alerts = active
        .map((held) => gettableAlert(state, held, unixMs))
        .filter(({ alert, shown }) => shows(alert, shown))
        .map(({ shown }) => ({ ...shown, status: { ...shown.status, mutedBy } }));
      if (alerts.length === 0) return [];
      return [
        {
          labels: group.labels.toObject(),
          routeLabels:
            Object.keys(group.route.labels).length === 0
              ? {}
              : renderRouteLabels(notificationOf(group, active)),
          receiver: { name: group.route.receiver },
          alerts,
        },
      ];
    });
}

/** As if the group were told of now. */
function notificationOf(
  { key, route, labels }: AlertGroup,
  active: readonly HeldAlert[],
): Notification {
  return {
    idempotencyKey: '',
    groupKey: key,
    receiver: route.receiver,
    status: 'firing',
    groupLabels: labels.toObject(),
    alerts: active.map(({ alert: { startsAtUnixMs: unixMs, ...alert } }): Alert => ({
      labels: alert.labels,
      annotations: alert.annotations,
      generatorUrl: alert.generatorUrl,
      state: { kind: 'firing', activeAtUnixMs: unixMs, firedAtUnixMs: unixMs, value: Number.NaN },
    })),
    externalUrl: '',
    routeLabels: route.labels,
  };
}
