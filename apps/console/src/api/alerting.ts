import {
  type AlertsOfName,
  type DecisionPage,
  type Explanation,
  type Incident,
  type IncidentDetail,
  type IncidentPage,
  type NotificationPage,
  type OverallLevel,
  type ReceiverTest,
  type RoutedAlert,
  type Silence,
  type SilenceMatcher,
} from './alerting-types.ts';
import { getJson, type Params, sendJson } from './client.ts';
import { type Labels } from './types.ts';

/** What somebody does by hand, under their name. */
export interface ByHand {
  readonly by: string;
  readonly comment?: string;
}

export interface AcknowledgeRequest extends ByHand {
  /** As in `30m`; without: until the alerts are over. */
  readonly timeout?: string;
}

/** An alert or an incident. */
export type Acknowledged =
  | { readonly kind: 'alert'; readonly fingerprint: string }
  | { readonly kind: 'incident'; readonly id: string };

function ackPath(what: Acknowledged): string {
  return what.kind === 'alert'
    ? `/api/v1/alerts/${encodeURIComponent(what.fingerprint)}/ack`
    : `/api/v1/incidents/${encodeURIComponent(what.id)}/ack`;
}

/** The HTTP API of alerting; kept apart from the rest, for only its pages load it. */
export const alertingApi = {
  level: (signal?: AbortSignal): Promise<OverallLevel> =>
    getJson('/api/v1/alerts/level', {}, signal),
  byName: (signal?: AbortSignal): Promise<{ readonly items: readonly AlertsOfName[] }> =>
    getJson('/api/v1/alerts/by-name', {}, signal),
  routed: (signal?: AbortSignal): Promise<readonly RoutedAlert[]> =>
    getJson('/api/v2/alerts', {}, signal),
  receivers: (signal?: AbortSignal): Promise<readonly { readonly name: string }[]> =>
    getJson('/api/v2/receivers', {}, signal),
  explain: (alert: string, at: string | undefined, signal?: AbortSignal): Promise<Explanation> =>
    getJson('/api/v1/alerts/explain', { alert, at }, signal),
  decisions: (params: Params, signal?: AbortSignal): Promise<DecisionPage> =>
    getJson('/api/v1/alerts/decisions', params, signal),

  incidents: (params: Params, signal?: AbortSignal): Promise<IncidentPage> =>
    getJson('/api/v1/incidents', params, signal),
  incident: (id: Incident['id'], signal?: AbortSignal): Promise<IncidentDetail> =>
    getJson(`/api/v1/incidents/${encodeURIComponent(id)}`, {}, signal),

  silences: (signal?: AbortSignal): Promise<readonly Silence[]> =>
    getJson('/api/v2/silences', {}, signal),
  setSilence: (silence: {
    readonly matchers: readonly SilenceMatcher[];
    readonly startsAt: string;
    readonly endsAt: string;
    readonly createdBy: string;
    readonly comment: string;
  }): Promise<{ readonly silenceID: string }> => sendJson('POST', '/api/v2/silences', silence),
  expireSilence: (id: string): Promise<unknown> =>
    sendJson('DELETE', `/api/v2/silence/${encodeURIComponent(id)}`),

  acknowledge: (what: Acknowledged, request: AcknowledgeRequest): Promise<unknown> =>
    sendJson('POST', ackPath(what), request),
  unacknowledge: (what: Acknowledged, request: ByHand): Promise<unknown> =>
    sendJson('DELETE', ackPath(what), request),
  resolve: (fingerprint: string, request: ByHand): Promise<unknown> =>
    sendJson('POST', `/api/v1/alerts/${encodeURIComponent(fingerprint)}/resolve`, request),
  trigger: (request: {
    readonly labels: Labels;
    readonly annotations: Labels;
    readonly by: string;
    readonly endsAt?: string;
  }): Promise<{ readonly fingerprint: string }> =>
    sendJson('POST', '/api/v1/alerts/trigger', request),

  notifications: (params: Params, signal?: AbortSignal): Promise<NotificationPage> =>
    getJson('/api/v1/notifications', params, signal),
  testReceiver: (name: string, request: ByHand): Promise<ReceiverTest> =>
    sendJson('POST', `/api/v1/receivers/${encodeURIComponent(name)}/test`, request),
};
