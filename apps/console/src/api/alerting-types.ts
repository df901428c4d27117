// What the alerting routes answer, in the words the console uses. Types only, as in types.ts.
import {
  type AlertExplanationView,
  type AlertLevelView,
  type AlertsByNameView,
  type GettableAlertView,
  type GettableSilenceView,
  type IncidentDetailView,
  type IncidentPageView,
  type IncidentView,
  type NotificationPageView,
  type NotificationRecordView,
  type ReceiverTestView,
} from '@dwcp/api-schema';

export type RoutedAlert = GettableAlertView;
export type Silence = GettableSilenceView;
export type SilenceMatcher = Silence['matchers'][number];

export type OverallLevel = AlertLevelView;
export type Level = OverallLevel['level'];

/** How many alerts of one name fire, are silenced and acknowledged. */
export type AlertsOfName = AlertsByNameView['items'][number];

export type Explanation = AlertExplanationView;
export type ExplainedAlert = Explanation['alerts'][number];
export type ExplainedRule = Explanation['rules'][number];
export type DecisionRecord = Explanation['timeline'][number];
export interface DecisionPage {
  readonly items: readonly DecisionRecord[];
  readonly nextCursor: string | null;
}

export type Incident = IncidentView;
export type IncidentDetail = IncidentDetailView;
export type IncidentAlert = IncidentDetail['members'][number];
export type IncidentPage = IncidentPageView;
export type Acknowledgement = NonNullable<Incident['acknowledgement']>;

export type NotificationPage = NotificationPageView;
export type NotificationRecord = NotificationRecordView;
export type ReceiverTest = ReceiverTestView;
