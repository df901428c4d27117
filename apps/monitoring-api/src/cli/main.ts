import { run } from './run.ts';

// A reader that has seen enough, as "head" does, closes the pipe. What it does not want is dropped:
// a command ends by itself, and a server serves on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// The only place where the process' own arguments and environment are read.
process.exitCode = await run({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  out: process.stdout,
  err: process.stderr,
});
