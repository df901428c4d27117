export { SqliteTraceStore, type SqliteTraceStoreOptions } from './sqlite-trace-store.ts';
