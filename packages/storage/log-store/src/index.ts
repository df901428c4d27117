export { SqliteLogStore, type SqliteLogStoreOptions } from './sqlite-log-store.ts';
