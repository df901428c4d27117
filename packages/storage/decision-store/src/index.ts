export { SqliteDecisionStore, type SqliteDecisionStoreOptions } from './sqlite-decision-store.ts';
