import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const storageKey = 'dwcp.theme';
const listeners = new Set<() => void>();
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
let theme: Theme = readStored();

function readStored(): Theme {
  const stored = localStorage.getItem(storageKey);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function apply(): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  for (const listener of listeners) listener();
}

systemDark.addEventListener('change', apply);
apply();

export function setTheme(next: Theme): void {
  theme = next;
  if (next === 'system') localStorage.removeItem(storageKey);
  else localStorage.setItem(storageKey, next);
  apply();
}

function effective(): 'light' | 'dark' {
  if (theme !== 'system') return theme;
  return systemDark.matches ? 'dark' : 'light';
}

/** For listeners outside React, such as charts that cache colours. */
export function subscribeTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): { readonly chosen: Theme; readonly shown: 'light' | 'dark' } {
  const chosen = useSyncExternalStore(subscribeTheme, () => theme);
  const shown = useSyncExternalStore(subscribeTheme, effective);
  return { chosen, shown };
}
