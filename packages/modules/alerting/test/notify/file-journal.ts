import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import { type OutboxJournal } from '@dwcp/alerting';

/** A journal in a file, one record per line; a line that a kill cut off is left out. */
export class FileJournal implements OutboxJournal {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<readonly Uint8Array[]> {
    if (!existsSync(this.#path)) return [];
    const text = readFileSync(this.#path, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole !== text) writeFileSync(this.#path, whole);
    return whole
      .split('\n')
      .slice(0, -1)
      .map((line) => Buffer.from(line));
  }

  async append(record: Uint8Array): Promise<void> {
    appendFileSync(this.#path, `${Buffer.from(record).toString()}\n`);
  }

  async replace(records: readonly Uint8Array[]): Promise<void> {
    const lines = records.map((record) => `${Buffer.from(record).toString()}\n`);
    writeFileSync(`${this.#path}.new`, lines.join(''));
    renameSync(`${this.#path}.new`, this.#path);
  }
}
