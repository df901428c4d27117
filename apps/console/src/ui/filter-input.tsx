import { Search } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';

/** A text filter; `/` anywhere on the page jumps into it, Escape empties and leaves it. */
export function FilterInput({
  value,
  onChange,
  label,
  className = 'w-64',
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly label: string;
  readonly className?: string;
}): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target instanceof HTMLElement ? event.target : undefined;
      const typing =
        target?.isContentEditable === true || target?.matches('input,textarea,select') === true;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <label className={`relative inline-flex ${className}`}>
      <Search
        size={13}
        aria-hidden
        className="text-faint pointer-events-none absolute top-[7.5px] left-2"
      />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={`${label}  ( / )`}
        className="control w-full pl-7!"
        value={value}
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          onChange('');
          event.currentTarget.blur();
        }}
      />
    </label>
  );
}
