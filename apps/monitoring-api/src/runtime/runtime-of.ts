import { type Runtime } from './runtime.ts';

const runtimes = new WeakMap<object, Runtime>();

/** Lets the server and the plug-ins reach what stands behind a MonitoringAPI, without showing it. */
export function bindRuntime(owner: object, runtime: Runtime): void {
  runtimes.set(owner, runtime);
}

export function runtimeOf(owner: object): Runtime {
  const runtime = runtimes.get(owner);
  if (runtime === undefined) throw new Error('not a MonitoringAPI');
  return runtime;
}
