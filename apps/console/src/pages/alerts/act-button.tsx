import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { refreshAlerting } from './alert-queries.ts';

/** A button that asks once more before it does what it says, and tells when that failed. */
export function ActButton({
  label,
  sure,
  run,
}: {
  readonly label: string;
  /** What it says instead once it was pressed. */
  readonly sure: string;
  readonly run: () => Promise<unknown>;
}): ReactNode {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { mutate, isPending, error } = useMutation({
    mutationFn: run,
    onSuccess: () => refreshAlerting(client),
    onSettled: () => setAsking(false),
  });
  return (
    <>
      <button
        type="button"
        className="control h-6!"
        data-active={asking}
        disabled={isPending}
        onClick={() => (asking ? mutate() : setAsking(true))}
        onBlur={() => setAsking(false)}
      >
        {asking ? sure : label}
      </button>
      {error !== null && (
        <span role="alert" className="text-bad text-2xs block max-w-60 whitespace-normal">
          {error.message}
        </span>
      )}
    </>
  );
}
