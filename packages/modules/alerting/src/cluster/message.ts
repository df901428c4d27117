import { type SharedState } from './shared-state.ts';

/** One process of an instance. */
export interface Peer {
  /** The same after a restart. */
  readonly id: string;
  /** Another after each start, so that a copied data directory is told from the original. */
  readonly startId: string;
}

/** What one instance asks another. */
export interface PeerRequest {
  readonly from: Peer;
  /** `probe` asks who is there, `push` tells news, `pull` asks for a part of all there is. */
  readonly kind: 'probe' | 'push' | 'pull';
  /** Of a push. */
  readonly state?: SharedState;
  /** Of a pull: where the part begins, 0 first and then what the last answer says. */
  readonly start?: number;
}

export interface PeerAnswer {
  readonly from: Peer;
  /** To a pull. */
  readonly state?: SharedState;
  /** To a pull: where the next part begins; absent at the end. */
  readonly next?: number;
}

/** The way to the peers. */
export interface PeerTransport {
  /** Resolves with the answer once what was pushed is durable there. @throws Error when none came */
  ask(
    url: string,
    request: PeerRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<PeerAnswer>;
}
