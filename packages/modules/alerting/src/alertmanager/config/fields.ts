/** What a key of the configuration file may hold, and how it is read. */
export type Field =
  | {
      readonly kind:
        | 'text'
        | 'secret'
        | 'flag'
        | 'whole'
        /** Prometheus' durations, `1h30m`; read as milliseconds. */
        | 'duration'
        /** Go's durations, `1.5h` or `90s`; read as milliseconds. */
        | 'go-duration'
        | 'url'
        | 'secret-url'
        | 'host-port'
        | 'text-map'
        | 'regexp-map'
        /** Taken as it is. */
        | 'any';
    }
  | { readonly kind: 'list'; readonly of: () => Field }
  | { readonly kind: 'record'; readonly fields: Fields };

export type Fields = Readonly<Record<string, Field>>;

export const text: Field = { kind: 'text' };
export const secret: Field = { kind: 'secret' };
export const flag: Field = { kind: 'flag' };
export const whole: Field = { kind: 'whole' };
export const duration: Field = { kind: 'duration' };
export const goDuration: Field = { kind: 'go-duration' };
export const url: Field = { kind: 'url' };
export const secretUrl: Field = { kind: 'secret-url' };
export const hostPort: Field = { kind: 'host-port' };
export const textMap: Field = { kind: 'text-map' };
export const regexpMap: Field = { kind: 'regexp-map' };
export const any: Field = { kind: 'any' };
export const texts: Field = { kind: 'list', of: () => text };

/** `of` is called late, so that a field may contain itself. */
export function listOf(of: () => Field): Field {
  return { kind: 'list', of };
}

export function record(fields: Fields): Field {
  return { kind: 'record', fields };
}

/** Several text fields at once. */
export function named<T extends Field>(field: T, ...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, field]));
}
