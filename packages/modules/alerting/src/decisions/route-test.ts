import { Labels } from '@dwcp/core';

import { type AlertmanagerConfig } from '../alertmanager/config/config.ts';
import { mutingIntervals } from '../alertmanager/flush.ts';
import { matchersText } from '../alertmanager/matcher.ts';
import { PipelineState } from '../alertmanager/pipeline-state.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes, type Route } from '../alertmanager/route.ts';
import { routePath } from './pipeline-decisions.ts';

/** A route that takes an alert, and what becomes of it there. */
export interface TestedRoute {
  /** Matchers of the nodes from the root down. */
  readonly path: readonly string[];
  readonly receiver: string;
  /** Names of the receiver's integrations, such as `team/slack[0]`. */
  readonly integrations: readonly string[];
  readonly groupBy: readonly string[] | 'all';
  readonly groupKey: string;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Names of the intervals that keep it quiet at the time. */
  readonly mutedBy: readonly string[];
}

/** The routes that take an alert with these labels at a time, in order. */
export function testRoutes(
  config: AlertmanagerConfig,
  about: { readonly labels: Readonly<Record<string, string>>; readonly atUnixMs: number },
): readonly TestedRoute[] {
  const labels = Labels.from(about.labels);
  const state = new PipelineState(config);
  return matchRoutes(state.root, labels).map((route) => ({
    path: routePath(state.root, route.id) ?? [],
    receiver: route.receiver,
    integrations: state.integrationsOf(route.receiver).map(({ name }) => name),
    groupBy: route.groupBy,
    groupKey: groupKeyOf(route, groupLabelsOf(route, labels)),
    groupWaitMs: route.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs,
    repeatIntervalMs: route.repeatIntervalMs,
    muteTimeIntervals: route.muteTimeIntervals,
    activeTimeIntervals: route.activeTimeIntervals,
    mutedBy: mutingIntervals(state, { route }, about.atUnixMs),
  }));
}

/** The routing tree, a node a line, set in by its depth: matchers, `continue`, receiver. */
export function routeTreeText(root: Route): string {
  const lines = (route: Route, depth: number): readonly string[] => {
    const own = depth === 0 ? 'default' : matchersText(route.matchers);
    const goesOn = route.continues ? ' continue' : '';
    const line = `${'  '.repeat(depth)}${own}${goesOn} -> ${route.receiver}`;
    return [line, ...route.routes.flatMap((child) => lines(child, depth + 1))];
  };
  return lines(root, 0)
    .map((line) => `${line}\n`)
    .join('');
}
