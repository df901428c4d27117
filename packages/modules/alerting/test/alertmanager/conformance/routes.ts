import { buildRoute, matchRoutes, parseAlertmanagerConfig, type Route } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';

import { compare, type FileOutcome } from './outcome.ts';

type LabelRecord = Readonly<Record<string, string>>;

interface WantedRoute {
  readonly receiver: string;
  /** 'default' is what the root has when nothing is set: no label. */
  readonly group_by: readonly string[] | 'default';
  readonly group_by_all: boolean;
  readonly group_wait_s: number;
  readonly group_interval_s: number;
  readonly repeat_interval_s: number;
}

export interface RouteMatchFile {
  readonly suites: readonly {
    readonly fn: string;
    /** The root route alone. */
    readonly route: string;
    readonly cases: readonly {
      readonly labels: LabelRecord;
      readonly want: readonly WantedRoute[];
      readonly keys: readonly string[];
    }[];
  }[];
}

export interface RecordedRoutesFile {
  readonly suites: readonly {
    readonly config: string;
    readonly cases: readonly {
      readonly labels: LabelRecord;
      readonly receivers: readonly string[];
    }[];
  }[];
}

export function runRouteMatch({ suites }: RouteMatchFile): FileOutcome {
  const cases = suites.flatMap(({ fn, route, cases: found }) => {
    const root = rootOf(withReceivers(route));
    return found.map(({ labels, want, keys }) => {
      const routes = matchRoutes(root, Labels.from(labels));
      return compare(
        `${fn} ${JSON.stringify(labels)}`,
        want.map((wanted, index) => ({
          ...wanted,
          group_by: wanted.group_by === 'default' ? [] : [...wanted.group_by].sort(),
          key: keys[index],
        })),
        routes.map((found_) => ({ ...shapeOf(found_), key: found_.key })),
      );
    });
  });
  return { cases, leftOut: [] };
}

export function runRecordedRoutes({ suites }: RecordedRoutesFile): FileOutcome {
  const cases = suites.flatMap(({ config, cases: found }, index) => {
    const root = rootOf(config);
    return found.map(({ labels, receivers }) =>
      compare(
        `suite ${index} ${JSON.stringify(labels)}`,
        receivers,
        matchRoutes(root, Labels.from(labels)).map(({ receiver }) => receiver),
      ),
    );
  });
  return { cases, leftOut: [] };
}

function rootOf(config: string): Route {
  return buildRoute(parseAlertmanagerConfig(config, 'alertmanager.yml').route);
}

/** A whole configuration around a route that stands alone. */
function withReceivers(route: string): string {
  const names = new Set(Array.from(route.matchAll(/receiver: '([^']+)'/g), ([, name]) => name));
  const indented = route.replaceAll(/^(?=.)/gm, '  ');
  return `route:\n${indented}\nreceivers:\n${[...names].map((name) => `- name: '${name}'`).join('\n')}\n`;
}

function shapeOf(route: Route): WantedRoute {
  return {
    receiver: route.receiver,
    group_by: route.groupBy === 'all' ? [] : [...route.groupBy].sort(),
    group_by_all: route.groupBy === 'all',
    group_wait_s: route.groupWaitMs / 1_000,
    group_interval_s: route.groupIntervalMs / 1_000,
    repeat_interval_s: route.repeatIntervalMs / 1_000,
  };
}
