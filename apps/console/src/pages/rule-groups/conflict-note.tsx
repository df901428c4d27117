import { type ReactNode } from 'react';

import { type RuleGroupDetail } from '../../api/rule-groups.ts';
import { type Conflict } from './use-rule-editor.ts';

/** Somebody else was faster: what is there now, and what may be done. Nothing is lost until then. */
export function ConflictNote({
  conflict: { message, present },
  isCompared,
  ready,
  onOver,
  onTake,
}: {
  readonly conflict: Conflict;
  /** Whether the difference of the two is shown. */
  readonly isCompared: boolean;
  readonly ready: boolean;
  /** Saves the text in the place of what is there. */
  readonly onOver: () => void;
  /** Takes what is there, and drops the text. */
  readonly onTake: (group: RuleGroupDetail) => void;
}): ReactNode {
  return (
    <div role="alert" className="border-line bg-panel rounded-lg border px-3 py-2 text-xs">
      <p className="font-medium">Not saved: your text is kept, and another version is there</p>
      <p className="text-bad mt-0.5 [overflow-wrap:anywhere]">{message}</p>
      {present !== undefined && isCompared && (
        <p className="text-muted mt-0.5">
          Below is what your text would change in version {present.version}.
        </p>
      )}
      <div className="mt-2 flex flex-wrap gap-2">
        <button type="button" className="control" disabled={!ready} onClick={onOver}>
          {present === undefined
            ? 'Save mine as a new group'
            : `Save mine over version ${present.version}`}
        </button>
        {present !== undefined && (
          <button type="button" className="control" onClick={() => onTake(present)}>
            Drop mine, take version {present.version}
          </button>
        )}
      </div>
    </div>
  );
}
