import { createHash } from 'node:crypto';

/** A password or token. Shows itself only to `reveal`; logs and JSON get a placeholder. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** Tells equal secrets from others without showing them. */
  get fingerprint(): string {
    return createHash('sha256').update(this.#value).digest('hex');
  }

  toString(): string {
    return '<secret>';
  }

  toJSON(): string {
    return '<secret>';
  }
}
