import { type ReactNode } from 'react';

import { Field } from '../../ui/form-dialog.tsx';

/** Who does it and why: what every action by hand carries. */
export function ByHandFields({
  person,
  onPerson,
  comment,
  onComment,
  placeholder,
}: {
  readonly person: string;
  readonly onPerson: (person: string) => void;
  readonly comment: string;
  readonly onComment: (comment: string) => void;
  readonly placeholder: string;
}): ReactNode {
  return (
    <div className="grid gap-3 sm:grid-cols-[12rem_1fr]">
      <Field label="Your name" hint="Remembered on this computer.">
        <input
          className="control w-full"
          value={person}
          autoComplete="name"
          onChange={(event) => onPerson(event.target.value)}
        />
      </Field>
      <Field label="Comment">
        <input
          className="control w-full"
          value={comment}
          placeholder={placeholder}
          onChange={(event) => onComment(event.target.value)}
        />
      </Field>
    </div>
  );
}

const PRESETS = ['30m', '2h', '8h', '1d'] as const;

/** A length of time, out of a few or typed. */
export function DurationField({
  label,
  value,
  onChange,
  hint,
  wrong,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: ReactNode;
  readonly wrong: boolean;
}): ReactNode {
  return (
    <div className="flex flex-wrap items-end gap-1.5">
      <Field label={label} hint={wrong ? 'Write it as 30m, 2h or 1d12h.' : hint}>
        <input
          className="control num w-28 font-mono"
          value={value}
          spellCheck={false}
          aria-invalid={wrong}
          onChange={(event) => onChange(event.target.value)}
        />
      </Field>
      <div className="flex gap-1 self-start pt-5" role="group" aria-label={`${label}, presets`}>
        {PRESETS.map((one) => (
          <button
            key={one}
            type="button"
            className="control num"
            aria-pressed={value === one}
            onClick={() => onChange(one)}
          >
            {one}
          </button>
        ))}
      </div>
    </div>
  );
}
