import { type KeyboardEvent, type ReactNode, type SubmitEvent, useRef, useState } from 'react';

import { ApiError } from '../../api/errors.ts';
import { type RuleGroupDetail, type RuleProblem } from '../../api/rule-groups.ts';
import { knownPerson } from '../../app/person.ts';
import { ByHandFields } from '../alerts/by-hand-fields.tsx';
import { CheckCard } from './check-card.tsx';
import { ConflictNote } from './conflict-note.tsx';
import { ProblemList } from './problem-list.tsx';
import { RuleTextArea } from './rule-text-area.tsx';
import { offsetOf } from './rule-text.ts';
import { useRuleEditor, type Verdict } from './use-rule-editor.ts';

/** Writes a group: checked before it is saved, and saved only over the version that was read. */
export function RuleGroupEditor({
  present,
  example,
}: {
  /** The group as it is now; undefined for a new one. */
  readonly present: RuleGroupDetail | undefined;
  readonly example: string;
}): ReactNode {
  const presentText = present === undefined ? example : textOf(present);
  const presentVersion = present?.version ?? undefined;
  const editor = useRuleEditor(present?.name, { yaml: presentText, version: presentVersion });
  const [person, setPerson] = useState(knownPerson);
  const [comment, setComment] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  const { yaml, version, verdict, conflict, busy } = editor;
  const ready = person.trim() !== '' && yaml.trim() !== '' && !busy;
  const request = {
    by: person.trim(),
    ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
  };
  const goTo = (problem: RuleProblem): void => {
    const offset = offsetOf(yaml, problem);
    area.current?.focus();
    area.current?.setSelectionRange(offset, offset);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (ready) void editor.save(request);
  };
  return (
    <form
      className="flex min-w-0 flex-col gap-3"
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        if (ready) void editor.save(request);
      }}
    >
      {editor.isRestored && (
        <p role="status" className="border-line bg-panel rounded-lg border px-3 py-2 text-xs">
          This is your text of before, which was not saved.{' '}
          <button
            type="button"
            className="text-accent underline"
            onClick={() => editor.take({ yaml: presentText, version: presentVersion })}
          >
            Drop it and begin anew
          </button>
        </p>
      )}
      {conflict === undefined && present !== undefined && present.version !== version && (
        <p role="status" className="border-line bg-panel rounded-lg border px-3 py-2 text-xs">
          Version {present.version} is there meanwhile, by {present.by ?? 'nobody known'}
          {present.comment !== '' && `: ${present.comment}`}. Your text began on version {version};
          saving it asks you first.
        </p>
      )}
      <RuleTextArea
        ref={area}
        value={yaml}
        onChange={editor.write}
        onKeyDown={onKeyDown}
        problems={verdict.kind === 'problems' ? verdict.problems : []}
        readOnly={busy}
      />
      <VerdictNote verdict={verdict} onPlace={goTo} />
      {conflict !== undefined && (
        <ConflictNote
          conflict={conflict}
          isCompared={verdict.kind === 'checked'}
          ready={ready}
          onOver={() =>
            void editor.save(request, { version: conflict.present?.version ?? undefined })
          }
          onTake={(group) =>
            editor.take({ yaml: textOf(group), version: group.version ?? undefined })
          }
        />
      )}
      {verdict.kind === 'checked' && <CheckCard check={verdict.check} />}
      <div className="max-w-3xl">
        <ByHandFields
          person={person}
          onPerson={setPerson}
          comment={comment}
          onComment={setComment}
          placeholder="Why, for whoever wonders later"
        />
      </div>
      <div className="flex items-center gap-2">
        <button
          type="submit"
          disabled={!ready}
          className="bg-accent text-on-accent h-7 rounded-md px-3 text-xs font-medium disabled:opacity-50"
        >
          Save
        </button>
        <button
          type="button"
          className="control"
          disabled={busy || yaml.trim() === ''}
          onClick={() => void editor.check()}
        >
          What would it do?
        </button>
        <span role="status" className="text-muted text-xs">
          {busy ? 'Asking the server…' : person.trim() === '' ? 'Saving needs your name.' : ''}
        </span>
      </div>
    </form>
  );
}

/** Of one whose file is damaged without the first line, which the server writes. */
function textOf({ yaml, broken }: RuleGroupDetail): string {
  const text = yaml ?? '';
  return broken ? text.replace(/^# dwcp-rule-group .*\n/, '') : text;
}

function VerdictNote({
  verdict,
  onPlace,
}: {
  readonly verdict: Verdict;
  readonly onPlace: (problem: RuleProblem) => void;
}): ReactNode {
  if (verdict.kind === 'problems') {
    const { problems } = verdict;
    return (
      <div role="alert" className="border-line bg-panel rounded-lg border px-3 py-2">
        <p className="text-xs font-medium">
          Not saved: {problems.length === 1 ? 'something is' : `${problems.length} things are`}{' '}
          wrong with the rules
        </p>
        <ProblemList problems={problems} onPlace={onPlace} />
      </div>
    );
  }
  if (verdict.kind !== 'failed') return null;
  const { error } = verdict;
  return (
    <p role="alert" className="text-bad text-xs break-words whitespace-pre-line">
      Not saved. {error instanceof ApiError ? `${error.title}: ` : ''}
      {error.message}
    </p>
  );
}
