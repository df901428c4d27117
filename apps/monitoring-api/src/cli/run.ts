import { parseArgs, type ParseArgsConfig } from 'node:util';

import { ConfigError, MonitoringError } from '@dwcp/core';

import { version } from '../version.ts';
import { HELP } from './help.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';

/** Runs one command. Each is loaded only when it is asked for. */
export async function run(io: Io): Promise<ExitCode> {
  const [name = 'help', ...argv] = io.argv;
  const command = argv.includes('--help') || argv.includes('-h') ? 'help' : name;
  try {
    switch (command) {
      case 'start': {
        const { start } = await import('./start.ts');
        return await start({ ...io, argv });
      }
      case 'status': {
        const { status } = await import('./status.ts');
        return await status({ ...io, argv });
      }
      case 'query': {
        const { query } = await import('./query.ts');
        return await query({ ...io, argv });
      }
      case 'labels': {
        const { labels } = await import('./labels.ts');
        return await labels({ ...io, argv });
      }
      case 'top-series': {
        const { topSeries } = await import('./top-series.ts');
        return await topSeries({ ...io, argv });
      }
      case 'storage': {
        const { storage } = await import('./storage.ts');
        return await storage({ ...io, argv });
      }
      case 'rules': {
        const { rules } = await import('./rules.ts');
        return await rules({ ...io, argv });
      }
      case 'alerts': {
        const { alerts } = await import('./alerts.ts');
        return await alerts({ ...io, argv });
      }
      case 'alert': {
        const { alert } = await import('./alert.ts');
        return await alert({ ...io, argv });
      }
      case 'incidents': {
        const { incidents } = await import('./incidents.ts');
        return await incidents({ ...io, argv });
      }
      case 'silence': {
        const { silence } = await import('./silence.ts');
        return await silence({ ...io, argv });
      }
      case 'routes': {
        const { routes } = await import('./routes.ts');
        return await routes({ ...io, argv });
      }
      case 'help':
      case '--help':
      case '-h':
        io.out.write(HELP);
        return 0;
      case 'version':
      case '--version':
      case '-v':
        io.out.write(`${version}\n`);
        return 0;
      default:
        throw new UsageError(`there is no command ${JSON.stringify(command)}`);
    }
  } catch (error) {
    return explain(io, error);
  }
}

/** Tells what went wrong, without a stack where the message says it all. */
function explain(io: Io, error: unknown): ExitCode {
  const style = styleFor(io.err, io.env);
  if (error instanceof UsageError) {
    io.err.write(`${style.red('dwcp:')} ${error.message}; "dwcp help" shows how it goes\n`);
    return 2;
  }
  if (error instanceof ConfigError) {
    const count = error.problems.length;
    io.err.write(
      `${style.red('dwcp:')} the configuration has ${count === 1 ? 'a problem' : `${count} problems`}\n`,
    );
    for (const { key, value, origin, problem, fix } of error.problems) {
      io.err.write(
        `  ${style.bold(key)} = ${value} ${style.dim(`(${origin})`)}\n    ${problem}; ${fix}\n`,
      );
    }
    return 2;
  }
  if (error instanceof MonitoringError) io.err.write(`${style.red('dwcp:')} ${error.message}\n`);
  else
    io.err.write(
      `${style.red('dwcp:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  return 1;
}

/** Options of every command that asks a running server. */
export const SERVER_OPTIONS = {
  url: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** @throws UsageError unless it is a whole number above 0, or not given */
export function limitOf(text: string | undefined): string | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text;
  throw new UsageError(`--limit wants a whole number above 0, got ${JSON.stringify(text)}`);
}

/** @throws UsageError for an option that is unknown or lacks its value */
export function readArgs<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError)
      throw new UsageError(error.message.split('. ')[0] ?? error.message);
    throw error;
  }
}
