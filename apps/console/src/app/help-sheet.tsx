import { Dialog } from 'radix-ui';
import { Fragment, type ReactNode } from 'react';

import { Kbd } from '../ui/kbd.tsx';
import { NAV_ITEMS } from './nav-items.ts';

const groups: readonly {
  readonly title: string;
  readonly keys: readonly (readonly [string, string])[];
}[] = [
  {
    title: 'Time',
    keys: [
      ['t', 'Choose the time range'],
      ['[', 'Half a range earlier'],
      [']', 'Half a range later'],
      ['-', 'Zoom out'],
      ['=', 'Zoom in'],
      ['p', 'Pause or go on'],
    ],
  },
  { title: 'Go to', keys: NAV_ITEMS.map(({ key, label }) => [`g ${key}`, label] as const) },
  {
    title: 'Anywhere',
    keys: [
      ['Ctrl K', 'Find a page, trace or action'],
      ['/', 'Filter the list'],
      ['Esc', 'Close'],
      ['?', 'This sheet'],
    ],
  },
];

export function HelpSheet({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}): ReactNode {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Dialog.Content
          aria-describedby={undefined}
          className="border-line bg-panel fixed top-1/2 left-1/2 z-50 w-[44rem] max-w-[94vw] -translate-1/2 rounded-xl border p-5 shadow-2xl"
        >
          <Dialog.Title className="text-[15px] font-semibold">Keyboard shortcuts</Dialog.Title>
          <div className="mt-4 grid gap-6 sm:grid-cols-3">
            {groups.map(({ title, keys }) => (
              <div key={title}>
                <h3 className="text-faint text-2xs mb-1.5 font-medium">{title}</h3>
                <dl className="grid grid-cols-[3.5rem_1fr] gap-y-1.5 text-xs">
                  {keys.map(([key, what]) => (
                    <Fragment key={key}>
                      <dt className="flex gap-1">
                        {key === 'Ctrl K' ? (
                          <Kbd>{key}</Kbd>
                        ) : (
                          key.split(' ').map((one) => <Kbd key={one}>{one}</Kbd>)
                        )}
                      </dt>
                      <dd>{what}</dd>
                    </Fragment>
                  ))}
                </dl>
              </div>
            ))}
          </div>
          <p className="text-faint text-2xs mt-5">
            Drag on a chart to zoom into it; double-click to zoom out. On a trace, the arrow keys
            walk and fold the spans. In the list of alerts they walk and fold too; Enter opens an
            alert, <Kbd>s</Kbd> silences and <Kbd>a</Kbd> acknowledges it.
          </p>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
