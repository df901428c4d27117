import { useQueryClient } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { type SubmitEvent, type ReactNode, useState } from 'react';

import { hasToken, setToken } from '../api/auth.ts';

/** Asked for when the server answers 401. The token stays in this tab's session storage. */
export function TokenForm(): ReactNode {
  const client = useQueryClient();
  const [value, setValue] = useState('');
  const [refused] = useState(hasToken);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = value.trim();
    if (token === '') return;
    setToken(token);
    void client.resetQueries();
  };
  return (
    <main className="flex h-full items-center justify-center p-4">
      <form onSubmit={submit} className="border-line bg-panel w-96 rounded-xl border p-6 shadow-lg">
        <KeyRound size={20} aria-hidden className="text-accent" />
        <h1 className="mt-3 text-[15px] font-semibold">This server asks for a token</h1>
        <p className="text-muted mt-1 text-xs">
          {refused ? 'The token this tab had was refused. ' : ''}
          Paste the API token, or open the address with the token that the server printed when it
          started. It is kept in this tab only.
        </p>
        <label className="text-muted text-2xs mt-4 block font-medium">
          Token
          <input
            type="password"
            autoFocus
            autoComplete="off"
            value={value}
            onChange={(event) => setValue(event.target.value)}
            className="control mt-1 h-8! w-full font-mono"
          />
        </label>
        <button
          type="submit"
          disabled={value.trim() === ''}
          className="bg-accent text-on-accent mt-3 h-8 w-full rounded-md text-xs font-medium disabled:opacity-50"
        >
          Continue
        </button>
      </form>
    </main>
  );
}
