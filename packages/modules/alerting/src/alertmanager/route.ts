import { type LabelMatcher, type Labels } from '@dwcp/core';

import { type RouteConfig } from './config/routes.ts';
import { compileMatchers, type LabelsTest, labelsText, matchersText } from './matcher.ts';

/** A node of the routing tree with what it has of its own and from its parents. */
export interface Route {
  /** Its matchers and those above: `{}/{team="a"}`. Two nodes may have the same. */
  readonly key: string;
  /** The key with its places among its siblings: no other node has it. */
  readonly id: string;
  readonly matchers: readonly LabelMatcher[];
  readonly matches: LabelsTest;
  readonly receiver: string;
  readonly groupBy: readonly string[] | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Templates of the labels that go with its groups. */
  readonly labels: Readonly<Record<string, string>>;
  readonly continues: boolean;
  readonly routes: readonly Route[];
}

/** Where in the tree a node is built. */
interface Parent {
  readonly route: Omit<Route, 'routes'>;
  readonly position: number;
}

/** @param config of the root, read and checked */
export function buildRoute(config: RouteConfig, parent?: Parent): Route {
  const above = parent?.route;
  const matchers = matchersText(config.matchers);
  const route = {
    key: above === undefined ? matchers : `${above.key}/${matchers}`,
    id: parent === undefined ? matchers : `${parent.route.id}/${matchers}/${parent.position}`,
    matchers: config.matchers,
    matches: compileMatchers(config.matchers),
    receiver: config.receiver ?? above?.receiver ?? '',
    groupBy: config.groupBy ?? above?.groupBy ?? [],
    groupWaitMs: config.groupWaitMs ?? above?.groupWaitMs ?? 30_000,
    groupIntervalMs: config.groupIntervalMs ?? above?.groupIntervalMs ?? 300_000,
    repeatIntervalMs: config.repeatIntervalMs ?? above?.repeatIntervalMs ?? 4 * 3_600_000,
    // These are not inherited.
    muteTimeIntervals: config.muteTimeIntervals,
    activeTimeIntervals: config.activeTimeIntervals,
    labels: { ...above?.labels, ...config.labels },
    continues: config.continues,
  };
  const routes = config.routes.map((child, position) => buildRoute(child, { route, position }));
  return { ...route, routes };
}

/**
 * The nodes that take an alert: depth first, the first child that matches and, where it continues,
 * those after it; the node itself when no child does.
 */
export function matchRoutes(route: Route, labels: Labels): readonly Route[] {
  if (!route.matches(labels)) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const below = matchRoutes(child, labels);
    found.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return found.length === 0 ? [route] : found;
}

/** The labels that the alerts of one group share. */
export function groupLabelsOf({ groupBy }: Pick<Route, 'groupBy'>, labels: Labels): Labels {
  return groupBy === 'all' ? labels : labels.keep(groupBy);
}

/** `{}/{team="a"}:{alertname="X"}` */
export function groupKeyOf({ key }: Pick<Route, 'key'>, groupLabels: Labels): string {
  return `${key}:${labelsText(groupLabels)}`;
}

/** The node and all below, depth first. */
export function* walkRoutes(route: Route): IterableIterator<Route> {
  yield route;
  for (const child of route.routes) yield* walkRoutes(child);
}
