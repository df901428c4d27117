import { useSyncExternalStore } from 'react';

import { serverNowMs } from '../api/client.ts';

/**
 * The console's one clock. It stands still while the person paused it, so that everything on the
 * page shows the same moment.
 */
let nowMs = serverNowMs();
let paused = false;
const listeners = new Set<() => void>();

function notify(): void {
  for (const listener of listeners) listener();
}

export function liveNowMs(): number {
  return nowMs;
}

export function tickLive(): void {
  if (paused) return;
  nowMs = serverNowMs();
  notify();
}

export function setPaused(next: boolean): void {
  paused = next;
  if (!next) nowMs = serverNowMs();
  notify();
}

export function isPaused(): boolean {
  return paused;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Now, as of the last tick. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribe, liveNowMs);
}

export function usePaused(): boolean {
  return useSyncExternalStore(subscribe, isPaused);
}
