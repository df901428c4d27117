const storageKey = 'dwcp.person';

/** The name somebody gave last on this computer; '' before. Silences and acknowledgements carry it. */
export function knownPerson(): string {
  return localStorage.getItem(storageKey) ?? '';
}

export function rememberPerson(name: string): void {
  localStorage.setItem(storageKey, name);
}
