export {
  AlertCluster,
  type AlertClusterOptions,
  type AlertClusterStats,
  type AlertClusterStatus,
  type SharedPipeline,
} from './alert-cluster.ts';
export {
  checkPeerUrl,
  HttpPeerTransport,
  type HttpPeerTransportOptions,
  MAX_PEER_BYTES,
  PEER_PATH,
} from './http-transport.ts';
export { readPeerAnswer, readPeerRequest } from './read-message.ts';
export { type Peer, type PeerAnswer, type PeerRequest, type PeerTransport } from './message.ts';
export { joinEntries, joinSilences } from './merge.ts';
export { pageOf, type SharedState } from './shared-state.ts';
