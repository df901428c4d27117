import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type ReactNode, type SubmitEvent, useState } from 'react';

import { ApiError } from '../api/errors.ts';
import { IconButton } from './icon-button.tsx';

/** A form above the page. It stays, saying why, when what it does fails; else it closes. */
export function FormDialog({
  title,
  note,
  action,
  ready = true,
  onSubmit,
  onClose,
  children,
}: {
  readonly title: string;
  readonly note?: ReactNode;
  /** What its button says. */
  readonly action: string;
  /** Whether everything that must be given is. */
  readonly ready?: boolean;
  readonly onSubmit: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Error>();
  const submit = async (): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await onSubmit();
      onClose();
    } catch (error) {
      setFailure(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Dialog.Content
          aria-describedby={undefined}
          className="border-line bg-panel fixed top-[10vh] left-1/2 z-50 max-h-[85vh] w-[36rem] max-w-[94vw] -translate-x-1/2 overflow-y-auto rounded-xl border shadow-2xl"
        >
          <form
            onSubmit={(event: SubmitEvent) => {
              event.preventDefault();
              if (ready && !busy) void submit();
            }}
            className="flex flex-col gap-3 p-5"
          >
            <div className="flex items-start justify-between gap-3">
              <div className="min-w-0">
                <Dialog.Title className="text-[15px] font-semibold">{title}</Dialog.Title>
                {note !== undefined && <p className="text-muted mt-1 text-xs">{note}</p>}
              </div>
              <Dialog.Close asChild>
                <IconButton label="Close" hint="Esc">
                  <X size={15} />
                </IconButton>
              </Dialog.Close>
            </div>
            {children}
            {failure !== undefined && (
              <p role="alert" className="text-bad text-xs break-words whitespace-pre-line">
                {failure instanceof ApiError ? `${failure.title}: ` : ''}
                {failure.message}
              </p>
            )}
            <div className="flex justify-end gap-2">
              <Dialog.Close asChild>
                <button type="button" className="control">
                  Cancel
                </button>
              </Dialog.Close>
              <button
                type="submit"
                disabled={!ready || busy}
                className="bg-accent text-on-accent h-7 rounded-md px-3 text-xs font-medium disabled:opacity-50"
              >
                {action}
              </button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** A named field of a form, with what is wrong with it below. */
export function Field({
  label,
  hint,
  children,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <label className="text-muted text-2xs block font-medium">
      {label}
      <span className="mt-1 block">{children}</span>
      {hint !== undefined && <span className="text-faint mt-0.5 block font-normal">{hint}</span>}
    </label>
  );
}
