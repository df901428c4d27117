export {
  type BacktestFiring,
  type BacktestOptions,
  type BacktestResult,
  backtestRules,
} from './backtest.ts';
export { ruleTestFailures } from './report-text.ts';
export { type RuleTestFailure, type RuleTestReport, type RuleTestResult } from './rule-test.ts';
export { runRuleTestFile, type RunRuleTestsOptions } from './run-test-file.ts';
