export { AddressRefusedError, type CheckAddress } from './address-check.ts';
export { SettingsFileError } from './errors.ts';
export { RemoteWriteForwarder } from './forwarder.ts';
export { type ForwarderStatus } from './forwarder-status.ts';
export {
  type ForwarderPorts,
  type RemoteWriteAuthorization,
  type RemoteWriteOptions,
  type RemoteWriteTls,
} from './options.ts';
export { MemoryPositionStore, type PositionStore } from './position-store.ts';
export { desiredShards, type Rates } from './shard-count.ts';
export { type PostAnswer, type PostRequest, type Transport } from './transport.ts';
