export { type Fate, FaultyFileSystem, type FileOperation } from './faulty-file-system.ts';
