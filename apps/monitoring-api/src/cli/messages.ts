import { type Io, styleFor } from './io.ts';
import { printable } from './text.ts';

/** Tells a server's warnings and infos beside the answer, so that pipes get only the answer. */
export function tellMessages(
  { err, env }: Io,
  answer: {
    readonly warnings?: readonly string[] | undefined;
    readonly infos?: readonly string[] | undefined;
  },
): void {
  const style = styleFor(err, env);
  const tell = (head: string, messages: readonly string[] = []): void => {
    for (const message of messages) err.write(`${head} ${printable(message)}\n`);
  };
  tell(style.yellow('warning'), answer.warnings);
  tell(style.dim('info'), answer.infos);
}
