export { DecisionLog, type DecisionLogOptions, type DecisionLogStats } from './decision-log.ts';
export { explainAlert, type ExplainPorts } from './explain-alert.ts';
export { type ExplainedRule } from './explain-rule.ts';
export {
  type AlertExplanation,
  type ComparedSeries,
  type ComparisonExplanation,
  type ExplainedAlert,
  type ExplainQuestion,
  type Finding,
  type FindingCode,
  type NextStep,
  type RouteExplanation,
  type RuleExplanation,
} from './explanation.ts';
export { timeText } from './explain-texts.ts';
export { incidentDecisions } from './incident-decisions.ts';
export { intakeDecisions } from './intake-decisions.ts';
export { MemoryDecisionStore } from './memory-decision-store.ts';
export { type NotedDecision } from './open-decision.ts';
export { PipelineDecisions, routePath } from './pipeline-decisions.ts';
export { readAlertName } from './read-question.ts';
export { routeTreeText, type TestedRoute, testRoutes } from './route-test.ts';
export { RuleDecisions, type RuleEvaluation } from './rule-decisions.ts';
