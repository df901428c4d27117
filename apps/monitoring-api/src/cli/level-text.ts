import { type AlertLevelView } from '@dwcp/api-schema';

import { type Io, styleFor } from './io.ts';

/** The level of the whole, in a colour near to its name. */
export function levelText(io: Io, level: AlertLevelView['level']): string {
  const style = styleFor(io.out, io.env);
  switch (level) {
    case 'GREEN':
      return style.green(level);
    case 'YELLOW':
    case 'ORANGE':
      return style.yellow(level);
    case 'RED':
      return style.red(level);
  }
}
