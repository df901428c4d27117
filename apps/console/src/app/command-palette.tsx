import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  BellRing,
  Clock,
  CornerDownLeft,
  Contrast,
  ListTree,
  type LucideIcon,
  ScrollText,
} from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type KeyboardEvent, type ReactNode, useState } from 'react';

import { servicesQuery } from '../api/queries.ts';
import { RANGE_PRESETS } from '../time/presets.ts';
import { parseRange } from '../time/range.ts';
import { useRangeActions } from '../time/use-range.ts';
import { ALERT_PAGES, NAV_ITEMS } from './nav-items.ts';
import { setTheme } from './theme.ts';

interface Command {
  readonly label: string;
  readonly group: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
}

/** Ctrl-K: pages, traces by id, services, ranges and the theme, filtered by words. */
export function CommandPalette({
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
          className="border-line bg-panel fixed top-[15vh] left-1/2 z-50 w-[34rem] max-w-[94vw] -translate-x-1/2 overflow-hidden rounded-xl border shadow-2xl"
        >
          <Dialog.Title className="sr-only">Go to</Dialog.Title>
          <Commands onDone={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useCommands(text: string): readonly Command[] {
  const navigate = useNavigate();
  const actions = useRangeActions();
  const { data: services } = useQuery(servicesQuery);
  const traceId = text.trim().toLowerCase();
  const all: Command[] = [
    ...(/^[0-9a-f]{32}$/.test(traceId)
      ? [
          {
            label: `Open trace ${traceId}`,
            group: 'Trace',
            icon: ListTree,
            run: () => void navigate({ to: '/traces/$traceId', params: { traceId } }),
          },
        ]
      : []),
    ...NAV_ITEMS.map(({ label, icon, to }) => ({
      label,
      group: 'Page',
      icon,
      run: () => void navigate({ to }),
    })),
    ...ALERT_PAGES.slice(1).map(({ label, to }) => ({
      label: `Alerts: ${label}`,
      group: 'Page',
      icon: BellRing,
      run: () => void navigate({ to }),
    })),
    ...(services?.items ?? []).flatMap(({ name }) => [
      {
        label: `Traces of ${name}`,
        group: 'Service',
        icon: ListTree,
        run: () => void navigate({ to: '/traces', search: { service: name } }),
      },
      {
        label: `Logs of ${name}`,
        group: 'Service',
        icon: ScrollText,
        run: () => void navigate({ to: '/logs', search: { service: name } }),
      },
    ]),
    ...RANGE_PRESETS.map(({ from, label }) => ({
      label,
      group: 'Time range',
      icon: Clock,
      run: () => {
        const range = parseRange(from, 'now');
        if (range !== undefined) actions.set(range);
      },
    })),
    ...(['system', 'light', 'dark'] as const).map((theme) => ({
      label: `Theme: ${theme}`,
      group: 'Theme',
      icon: Contrast,
      run: () => setTheme(theme),
    })),
  ];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .filter(
      ({ label, group }) =>
        group === 'Trace' ||
        words.every((word) => `${group} ${label}`.toLowerCase().includes(word)),
    )
    .slice(0, 40);
}

function Commands({ onDone }: { readonly onDone: () => void }): ReactNode {
  const [text, setText] = useState('');
  const [index, setIndex] = useState(0);
  const commands = useCommands(text);
  const active = Math.min(index, commands.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onDone();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setIndex(Math.min(commands.length - 1, active + 1));
    else if (event.key === 'ArrowUp') setIndex(Math.max(0, active - 1));
    else if (event.key === 'Enter') run(commands[active]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        role="combobox"
        aria-expanded
        aria-controls="commands"
        aria-activedescendant={`command-${active}`}
        aria-label="Page, trace id, service, range"
        autoFocus
        value={text}
        placeholder="Page, trace id, service, range…"
        className="border-line h-11 w-full border-b bg-transparent px-4 text-[13px] outline-none"
        onChange={(event) => {
          setText(event.target.value);
          setIndex(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul
        id="commands"
        role="listbox"
        aria-label="Results"
        className="max-h-[50vh] overflow-y-auto p-1.5"
      >
        {commands.map((command, position) => {
          const { label, group, icon: Icon } = command;
          return (
            <li
              key={`${group}:${label}`}
              id={`command-${position}`}
              role="option"
              aria-selected={position === active}
              ref={(element) => {
                if (position === active) element?.scrollIntoView({ block: 'nearest' });
              }}
              className={`flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2.5 text-xs ${position === active ? 'bg-accent-soft' : ''}`}
              onPointerMove={() => setIndex(position)}
              onClick={() => run(command)}
            >
              <Icon size={14} aria-hidden className="text-faint" />
              <span className="flex-1 truncate">{label}</span>
              <span className="text-faint text-2xs">{group}</span>
              {position === active && (
                <CornerDownLeft size={12} aria-hidden className="text-faint" />
              )}
            </li>
          );
        })}
        {commands.length === 0 && (
          <li className="text-muted p-4 text-center text-xs">Nothing matches.</li>
        )}
      </ul>
    </>
  );
}
