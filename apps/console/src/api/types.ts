// What the server's HTTP API answers, in the words the console uses. Types only: nothing of the
// schema package is bundled.
import {
  type AlertView,
  type AlertingRuleView,
  type LogLevelName,
  type LogPageView,
  type LogRecordView,
  type MatrixElement,
  type RecordingRuleView,
  type RuleGroupView,
  type ServiceList,
  type SpanView,
  type TracePageView,
} from '@dwcp/api-schema';

export type {
  Attributes,
  BackendStatus,
  Explain,
  LabelSet as Labels,
  Metadata,
  PrometheusSuccess,
  QueryData,
  QueryNodeView as QueryNode,
  QueueStatus,
  Status as ServerStatus,
  Target,
  Targets,
  TraceSummaryView as TraceSummary,
  TraceView as Trace,
} from '@dwcp/api-schema';

export type Alert = AlertView;
export type LogLevel = LogLevelName;
export type LogPage = LogPageView;
export type LogRecord = LogRecordView;
export type MatrixSeries = MatrixElement;
export type Rule = AlertingRuleView | RecordingRuleView;
export type RuleGroup = RuleGroupView;
export type ServicePage = ServiceList;
export type Span = SpanView;
export type TracePage = TracePageView;

/** Where an alerting rule, or an alert of it, stands. */
export type AlertingState = AlertingRuleView['state'];
