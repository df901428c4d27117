import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';

import { OverviewPage } from '../pages/overview/overview-page.tsx';
import { PageCrash, PageMissing } from './page-errors.tsx';
import {
  SHARED_KEYS,
  type SharedSearch,
  validateAlert,
  validateAlerts,
  validateHistory,
  validateIncidents,
  validateLogs,
  validateMetrics,
  validateNotifications,
  validateRuleGroup,
  validateRuleGroups,
  validateRules,
  validateShared,
  validateTrace,
  validateTraces,
} from './search-params.ts';
import { Shell } from './shell.tsx';

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: PageMissing,
  validateSearch: (raw: Record<string, unknown>): SharedSearch => validateShared(raw),
  search: { middlewares: [retainSearchParams<SharedSearch>([...SHARED_KEYS])] },
});

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: OverviewPage,
});
const exploreRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/explore',
  validateSearch: (raw: Record<string, unknown>) => validateMetrics(raw),
  component: lazyRouteComponent(() => import('../pages/metrics/metrics-page.tsx'), 'MetricsPage'),
});
const logsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/logs',
  validateSearch: (raw: Record<string, unknown>) => validateLogs(raw),
  component: lazyRouteComponent(() => import('../pages/logs/logs-page.tsx'), 'LogsPage'),
});
const tracesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces',
  validateSearch: (raw: Record<string, unknown>) => validateTraces(raw),
  component: lazyRouteComponent(() => import('../pages/traces/traces-page.tsx'), 'TracesPage'),
});
const traceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces/$traceId',
  validateSearch: (raw: Record<string, unknown>) => validateTrace(raw),
  component: lazyRouteComponent(() => import('../pages/traces/trace-page.tsx'), 'TracePage'),
});
const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts',
  validateSearch: (raw: Record<string, unknown>) => validateAlerts(raw),
  component: lazyRouteComponent(() => import('../pages/alerts/alerts-page.tsx'), 'AlertsPage'),
});
const alertRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/$alert',
  validateSearch: (raw: Record<string, unknown>) => validateAlert(raw),
  component: lazyRouteComponent(() => import('../pages/alerts/alert-page.tsx'), 'AlertPage'),
});
const incidentsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/incidents',
  validateSearch: (raw: Record<string, unknown>) => validateIncidents(raw),
  component: lazyRouteComponent(
    () => import('../pages/alerts/incidents-page.tsx'),
    'IncidentsPage',
  ),
});
const incidentRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/incidents/$incident',
  component: lazyRouteComponent(() => import('../pages/alerts/incident-page.tsx'), 'IncidentPage'),
});
const silencesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/silences',
  component: lazyRouteComponent(() => import('../pages/alerts/silences-page.tsx'), 'SilencesPage'),
});
const notificationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/notifications',
  validateSearch: (raw: Record<string, unknown>) => validateNotifications(raw),
  component: lazyRouteComponent(
    () => import('../pages/alerts/notifications-page.tsx'),
    'NotificationsPage',
  ),
});
const historyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/history',
  validateSearch: (raw: Record<string, unknown>) => validateHistory(raw),
  component: lazyRouteComponent(() => import('../pages/alerts/history-page.tsx'), 'HistoryPage'),
});
const rulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/rules',
  validateSearch: (raw: Record<string, unknown>) => validateRules(raw),
  component: lazyRouteComponent(() => import('../pages/alerts/rules-page.tsx'), 'RulesPage'),
});
const ruleGroupsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/rule-groups',
  validateSearch: (raw: Record<string, unknown>) => validateRuleGroups(raw),
  component: lazyRouteComponent(
    () => import('../pages/rule-groups/rule-groups-page.tsx'),
    'RuleGroupsPage',
  ),
});
const ruleGroupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/rule-groups/$group',
  validateSearch: (raw: Record<string, unknown>) => validateRuleGroup(raw),
  component: lazyRouteComponent(
    () => import('../pages/rule-groups/rule-group-page.tsx'),
    'RuleGroupPage',
  ),
});
const editRuleGroupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/rule-groups/$group/edit',
  component: lazyRouteComponent(
    () => import('../pages/rule-groups/edit-pages.tsx'),
    'EditRuleGroupPage',
  ),
});
// Not below the others: a group may be called anything.
const newRuleGroupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts/new-rule-group',
  component: lazyRouteComponent(
    () => import('../pages/rule-groups/edit-pages.tsx'),
    'NewRuleGroupPage',
  ),
});
const targetsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/targets',
  component: lazyRouteComponent(() => import('../pages/targets/targets-page.tsx'), 'TargetsPage'),
});
const statusRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/status',
  component: lazyRouteComponent(() => import('../pages/status/status-page.tsx'), 'StatusPage'),
});

// Each route is a value of its own: written inside the array, they would lose their types.
const routeTree = rootRoute.addChildren([
  indexRoute,
  exploreRoute,
  logsRoute,
  tracesRoute,
  traceRoute,
  alertsRoute,
  alertRoute,
  incidentsRoute,
  incidentRoute,
  silencesRoute,
  notificationsRoute,
  historyRoute,
  rulesRoute,
  ruleGroupsRoute,
  ruleGroupRoute,
  editRuleGroupRoute,
  newRuleGroupRoute,
  targetsRoute,
  statusRoute,
]);

// The type is the tree's own, far too long to write down.
// oxlint-disable-next-line typescript/explicit-module-boundary-types
export function createAppRouter() {
  return createRouter({
    routeTree,
    defaultPreload: 'intent',
    defaultErrorComponent: PageCrash,
    scrollRestoration: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
