export { AlertIntake } from './alert-intake.ts';
export { type IntakeDecision } from './decide.ts';
export { AlertIntakeFullError, AlertNotFoundError } from './errors.ts';
export { type AlertOrigin, type IntakeAlert, type IntakeDedup } from './intake-alert.ts';
export { dedupLookup, type DedupingRule, intakeNotifier } from './intake-notifier.ts';
export { type IntakeConfig, type IntakeOptions, type IntakeStats } from './intake-options.ts';
export { type DedupWindow, type Episode, type IntakeRecord, IntakeState } from './intake-state.ts';
export { type ManualResolve, type ManualTrigger } from './manual.ts';
