import { type AlertmanagerConfig } from '../alertmanager/config/config.ts';
import { type RouteConfig } from '../alertmanager/config/routes.ts';

/** Whether a route groups by `incident`: then, and only then, alerts carry the label. */
export function usesIncidentLabel({ route }: Pick<AlertmanagerConfig, 'route'>): boolean {
  return groupsByIncident(route);
}

function groupsByIncident({ groupBy, routes }: RouteConfig): boolean {
  if (groupBy !== 'all' && groupBy?.includes('incident') === true) return true;
  return routes.some(groupsByIncident);
}
