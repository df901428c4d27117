export {
  attributeTextOf,
  decodeAttributes,
  encodeAttributes,
  fragmentsOf,
  hasAttribute,
} from './attribute-json.ts';
export { asBackendError } from './backend-error.ts';
export { type DatabaseOptions, openDatabase } from './database.ts';
export { shrink, sizeOnDisk } from './disk-space.ts';
export { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
export { clampInt64, isInt64 } from './int64.ts';
export { checkLimit, decodeCursor, encodeCursor, type Position } from './page.ts';
export { transact } from './transact.ts';
