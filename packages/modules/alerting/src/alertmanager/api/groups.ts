import { compareAlerts, compareLabelSets, isResolved } from '../alerts.ts';
import { mutingIntervals } from '../flush.ts';
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
  /** Those of the route that are no templates. */
  readonly routeLabels: Readonly<Record<string, string>>;
  readonly receiver: { readonly name: string };
  readonly alerts: readonly GettableAlert[];
}

/** Groups with alerts that are not over, by labels, then receiver. @throws InvalidInputError */
export function apiAlertGroups(
  view: PipelineView,
  query: GroupsQuery = {},
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
      const alerts = [...group.members]
        .flatMap((fingerprint) => state.alerts.get(fingerprint) ?? [])
        .filter(({ alert }) => !isResolved(alert, unixMs))
        .sort((a, b) => compareAlerts(a.alert, b.alert))
        .map((held) => gettableAlert(state, held, unixMs))
        .filter(({ alert, shown }) => shows(alert, shown))
        .map(({ shown }) => ({ ...shown, status: { ...shown.status, mutedBy } }));
      if (alerts.length === 0) return [];
      const routeLabels = Object.entries(group.route.labels).filter(
        ([, value]) => !value.includes('{{'),
      );
      return [
        {
          labels: group.labels.toObject(),
          routeLabels: Object.fromEntries(routeLabels),
          receiver: { name: group.route.receiver },
          alerts,
        },
      ];
    });
}
