import { run } from './run.ts';

// The only place where the process' own arguments and environment are read.
process.exitCode = await run({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  out: process.stdout,
  err: process.stderr,
});
