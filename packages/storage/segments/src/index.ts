export { isTemporaryFile, readWholeFile, writeFileAtomically } from './atomic-file.ts';
export { crc32c } from './crc32c.ts';
export { DirectoryLock } from './directory-lock.ts';
export { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
export { linkOrCopy } from './link-or-copy.ts';
export { type WalRecovery } from './log-recovery.ts';
export { type WalPart, type WalPlace } from './segment-reader.ts';
export {
  type Durability,
  type WalStats,
  WriteAheadLog,
  type WriteAheadLogOptions,
} from './write-ahead-log.ts';
