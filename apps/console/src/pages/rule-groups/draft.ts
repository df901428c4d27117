/** A text that was not saved yet, and the version that it was begun on. */
export interface Draft {
  readonly yaml: string;
  /** Undefined for a new group. */
  readonly version: number | undefined;
}

/** Of one group, or of the new one. They live as long as the tab does. */
function keyOf(name: string | undefined): string {
  return name === undefined ? 'dwcp.rules.new' : `dwcp.rules.of.${name}`;
}

type Drafts = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function readDraft(drafts: Drafts, name: string | undefined): Draft | undefined {
  const stored = drafts.getItem(keyOf(name));
  if (stored === null) return undefined;
  const { yaml, version } = JSON.parse(stored) as Draft;
  return { yaml, version };
}

/** Where there is no room for it, the text is only on the page. */
export function keepDraft(drafts: Drafts, name: string | undefined, draft: Draft): void {
  try {
    drafts.setItem(keyOf(name), JSON.stringify(draft));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    drafts.removeItem(keyOf(name));
  }
}

export function dropDraft(drafts: Drafts, name: string | undefined): void {
  drafts.removeItem(keyOf(name));
}
