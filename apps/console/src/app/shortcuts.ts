import { useEffect, useRef } from 'react';

/** What a key does; a two-key sequence is written `g o`. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const sequenceMs = 1_200;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** Listens for shortcuts on the whole page, except while something is being typed. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    let first = '';
    let firstAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        latest.current['ctrl-k']?.();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const sequence = event.timeStamp - firstAt < sequenceMs ? `${first} ${event.key}` : '';
      const action = latest.current[sequence] ?? latest.current[event.key];
      first = event.key === 'g' ? 'g' : '';
      firstAt = event.timeStamp;
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
