import { Outlet, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState, useSyncExternalStore } from 'react';

import { isTokenNeeded, subscribeAuth } from '../api/auth.ts';
import { isPaused, setPaused } from '../time/live.ts';
import { useRangeActions } from '../time/use-range.ts';
import { CommandPalette } from './command-palette.tsx';
import { HelpSheet } from './help-sheet.tsx';
import { useLiveTicker } from './live-ticker.ts';
import { NAV_ITEMS } from './nav-items.ts';
import { type Shortcuts, useShortcuts } from './shortcuts.ts';
import { SideNav } from './side-nav.tsx';
import { TokenForm } from './token-form.tsx';
import { TopBar } from './top-bar.tsx';

/** The frame around every page: navigation, the time range, shortcuts, and the token form. */
export function Shell(): ReactNode {
  const tokenNeeded = useSyncExternalStore(subscribeAuth, isTokenNeeded);
  const [pickerOpen, setPickerOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const [paletteOpen, setPaletteOpen] = useState(false);
  const navigate = useNavigate();
  const actions = useRangeActions();
  useLiveTicker();

  const shortcuts: Record<string, () => void> = {
    t: () => setPickerOpen(true),
    '[': () => actions.shift(-1),
    ']': () => actions.shift(1),
    '-': () => actions.zoom(2),
    '=': () => actions.zoom(0.5),
    p: () => setPaused(!isPaused()),
    '?': () => setHelpOpen(true),
    'ctrl-k': () => setPaletteOpen(true),
  };
  for (const { key, to } of NAV_ITEMS) shortcuts[`g ${key}`] = () => void navigate({ to });
  useShortcuts(shortcuts satisfies Shortcuts);

  if (tokenNeeded) return <TokenForm />;
  return (
    <div className="flex h-full">
      <a
        href="#page"
        className="bg-accent text-on-accent sr-only z-50 rounded px-3 py-1 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <SideNav onHelp={() => setHelpOpen(true)} />
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar
          pickerOpen={pickerOpen}
          onPickerOpen={setPickerOpen}
          onPalette={() => setPaletteOpen(true)}
        />
        <main id="page" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto focus:outline-none">
          <Outlet />
        </main>
      </div>
      <HelpSheet open={helpOpen} onOpenChange={setHelpOpen} />
      <CommandPalette open={paletteOpen} onOpenChange={setPaletteOpen} />
    </div>
  );
}
