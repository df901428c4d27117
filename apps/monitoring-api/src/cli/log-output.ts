import { type LogDestination } from '../runtime/platform-log.ts';
import { type Output, type Style } from './io.ts';

const WARN = 40;
const ERROR = 50;

/** pino's lines as they are. */
export function jsonLog(output: Output): LogDestination {
  return { write: (line) => void output.write(line) };
}

/** What someone should know, warnings and above, as a line for a person. */
export function readableLog(output: Output, style: Style): LogDestination {
  return {
    write(line) {
      const {
        level,
        msg,
        time: _,
        ...fields
      } = JSON.parse(line) as {
        readonly level: number;
        readonly msg?: string;
        readonly time: number;
      } & Readonly<Record<string, unknown>>;
      if (level < WARN) return;
      const head = level >= ERROR ? style.red('error') : style.yellow('warn ');
      const rest = Object.entries(fields)
        .map(([key, value]) => `${key}=${shown(value)}`)
        .join(' ');
      output.write(`${head} ${msg ?? ''}${rest === '' ? '' : ` ${style.dim(rest)}`}\n`);
    },
  };
}

/** Of an error its message; its stack is in the log store. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value)
    return JSON.stringify(value.message);
  return typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value);
}
