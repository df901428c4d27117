const storageKey = 'dwcp.token';

type Listener = () => void;
const listeners = new Set<Listener>();
let token: string | null = null;
let needed = false;

function notify(): void {
  for (const listener of listeners) listener();
}

/**
 * Takes the token from `#token=...` once, so that it leaves the address bar and the history, or
 * else from this tab's session storage. Call before the router starts.
 */
export function readTokenOnce(): void {
  const fragment = new URLSearchParams(window.location.hash.slice(1));
  const given = fragment.get('token');
  if (given !== null) {
    sessionStorage.setItem(storageKey, given);
    const { pathname, search } = window.location;
    window.history.replaceState(window.history.state, '', `${pathname}${search}`);
  }
  token = sessionStorage.getItem(storageKey);
}

export function authorizationHeaders(): Readonly<Record<string, string>> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** The server answered 401: the shell asks for a token. */
export function requireToken(): void {
  if (needed) return;
  needed = true;
  notify();
}

export function setToken(value: string): void {
  token = value;
  sessionStorage.setItem(storageKey, value);
  needed = false;
  notify();
}

export function isTokenNeeded(): boolean {
  return needed;
}

export function hasToken(): boolean {
  return token !== null;
}

/** For `useSyncExternalStore`. */
export function subscribeAuth(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
