// snappyjs brings no types. Of it we only pack; unpacking is our own, for its limits and speed.
declare module 'snappyjs' {
  /** Packs into a snappy block. Not given a Buffer, it gives none back. */
  export function compress(bytes: Uint8Array): Uint8Array;
  /** Used by tests as an oracle. */
  export function uncompress(bytes: Uint8Array, maxLength?: number): Uint8Array;
}
