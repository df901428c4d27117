#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';

const main = new URL('../dist/cli/main.js', import.meta.url);
const [major] = process.versions.node.split('.');

if (Number(major) < 24) {
  process.stderr.write(
    `dwcp needs Node 24 and this is ${process.versions.node}; use "npm start" or "npx dwcp", which bring it along\n`,
  );
  process.exitCode = 1;
} else if (existsSync(main)) {
  // Compiled code is kept between starts, which halves the time to listen.
  module.enableCompileCache?.();
  // The young generation stays as it begins: it would grow to 48 MB for the sake of allocation bursts that do
  // not come, and helper threads would cost more than they bring.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-parallel-scavenge');
  // And the old one grows by a fifth between two full collections; heap-growth.ts lets it grow more while
  // there is much to do.
  setFlagsFromString('--heap-growing-percent=20');
  await import(main.href);
} else {
  process.stderr.write('dwcp is not built yet: run npm run build\n');
  process.exitCode = 1;
}
