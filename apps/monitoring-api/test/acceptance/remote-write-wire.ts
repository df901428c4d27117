/** Remote write by hand, also such as no sender would write: nothing here is checked or put in order. */

/** Bytes where a string would be cleaned. */
export type Text = string | Uint8Array;
export type Pairs = readonly (readonly [name: Text, value: Text])[];
/** The bits of a double where its value does not tell them, as for the stale marker. */
export type Double = number | bigint;

export interface WireHistogram {
  readonly count: number;
  readonly sum: number;
  readonly unixMs: number;
  readonly schema?: number;
  readonly zeroCount?: number;
  readonly zeroThreshold?: number;
  readonly positive?: WireBuckets;
  readonly negative?: WireBuckets;
  readonly customValues?: readonly number[];
}

export interface WireBuckets {
  readonly spans: readonly (readonly [offset: number, length: number])[];
  readonly deltas: readonly number[];
}

export interface WireSeries {
  readonly labels: Pairs;
  readonly samples?: readonly (readonly [value: Double, unixMs: number | bigint])[];
  readonly histograms?: readonly WireHistogram[];
  readonly exemplars?: readonly {
    readonly labels: Pairs;
    readonly value: number;
    readonly unixMs: number;
  }[];
  /** Only 2.0 has these with a series. */
  readonly metadata?: { readonly type: number; readonly help?: string; readonly unit?: string };
  readonly startMs?: number;
}

export const STALE_MARKER = 0x7ff0000000000002n;

export const series = (
  name: string,
  samples: WireSeries['samples'],
  more: Partial<WireSeries> = {},
): WireSeries => ({ labels: [['__name__', name]], ...(samples && { samples }), ...more });

/** A prometheus.WriteRequest. */
export function message1(...all: readonly WireSeries[]): Uint8Array {
  return Uint8Array.from(
    all.flatMap((one) =>
      field(1, [
        ...one.labels.flatMap(([name, value]) => label(name, value)),
        ...samplesOf(one),
        ...(one.exemplars ?? []).flatMap(({ labels, value, unixMs }) =>
          field(3, [
            ...labels.flatMap(([key, text]) => label(key, text)),
            ...double(2, value),
            ...int(3, unixMs),
          ]),
        ),
        ...(one.histograms ?? []).flatMap((histogram) => field(4, histogramOf(histogram))),
      ]),
    ),
  );
}

/** An io.prometheus.write.v2.Request. */
export function message2(...all: readonly WireSeries[]): Uint8Array {
  const symbols = new Symbols();
  const parts = all.flatMap((one) =>
    field(5, [
      ...field(1, symbols.refs(one.labels)),
      ...samplesOf(one),
      ...(one.histograms ?? []).flatMap((histogram) => field(3, histogramOf(histogram))),
      ...(one.exemplars ?? []).flatMap(({ labels, value, unixMs }) =>
        field(4, [...field(1, symbols.refs(labels)), ...double(2, value), ...int(3, unixMs)]),
      ),
      ...(one.metadata === undefined
        ? []
        : field(5, [
            ...int(1, one.metadata.type),
            ...int(3, symbols.ref(one.metadata.help ?? '')),
            ...int(4, symbols.ref(one.metadata.unit ?? '')),
          ])),
      ...(one.startMs === undefined ? [] : int(6, one.startMs)),
    ]),
  );
  return Uint8Array.from([...symbols.fields(), ...parts]);
}

class Symbols {
  readonly #all: Text[] = [''];

  ref(text: Text): number {
    const known = this.#all.indexOf(text);
    return known >= 0 ? known : this.#all.push(text) - 1;
  }

  refs(labels: Pairs): number[] {
    return labels.flat().flatMap((text) => varint(this.ref(text)));
  }

  fields(): number[] {
    return this.#all.flatMap((text) => field(4, text));
  }
}

export function varint(value: bigint | number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

/** Of the wire type 2. */
export function field(number: number, content: Text | readonly number[]): number[] {
  const payload = typeof content === 'string' ? Buffer.from(content) : content;
  return [...varint((number << 3) | 2), ...varint(payload.length), ...payload];
}

export function int(number: number, value: bigint | number): number[] {
  return [...varint(number << 3), ...varint(value)];
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

function double(number: number, value: Double): number[] {
  return [...varint((number << 3) | 1), ...eightBytes(value)];
}

function eightBytes(value: Double): Buffer {
  const bytes = Buffer.alloc(8);
  if (typeof value === 'bigint') bytes.writeBigUInt64LE(value);
  else bytes.writeDoubleLE(value);
  return bytes;
}

function label(name: Text, value: Text): number[] {
  return field(1, [...field(1, name), ...field(2, value)]);
}

function samplesOf({ samples = [] }: WireSeries): number[] {
  return samples.flatMap(([value, unixMs]) => field(2, [...double(1, value), ...int(2, unixMs)]));
}

function histogramOf(histogram: WireHistogram): number[] {
  const { count, sum, unixMs, schema = 0, zeroCount = 0, zeroThreshold = 0 } = histogram;
  const side = (buckets: WireBuckets | undefined, number: number): number[] =>
    buckets === undefined
      ? []
      : [
          ...buckets.spans.flatMap(([offset, length]) =>
            field(number, [...int(1, zigzag(offset)), ...int(2, length)]),
          ),
          ...field(
            number + 1,
            buckets.deltas.flatMap((delta) => varint(zigzag(delta))),
          ),
        ];
  return [
    ...int(1, count),
    ...double(3, sum),
    ...int(4, zigzag(schema)),
    ...double(5, zeroThreshold),
    ...int(6, zeroCount),
    ...side(histogram.negative, 8),
    ...side(histogram.positive, 11),
    ...int(15, unixMs),
    ...(histogram.customValues === undefined
      ? []
      : field(16, Buffer.concat(histogram.customValues.map(eightBytes)))),
  ];
}

/** A snappy block of literals, 64 KB each: valid, if not small. */
export function pack(message: Uint8Array): Uint8Array {
  const parts = [Uint8Array.from(varint(message.length))];
  for (let at = 0; at < message.length; at += 65_536) {
    const chunk = message.subarray(at, at + 65_536);
    const size = chunk.length - 1;
    parts.push(Uint8Array.of(61 << 2, size & 0xff, size >> 8), Uint8Array.from(chunk));
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** A snappy block of zeros, 21 times smaller than what it unpacks to. */
export function bombOf(sizeBytes: number): Uint8Array {
  const copies = Math.floor((sizeBytes - 1) / 64);
  const rest = sizeBytes - 1 - copies * 64;
  const head = [...varint(sizeBytes), 0, 0];
  const tail = rest === 0 ? [] : [2 | ((rest - 1) << 2), 1, 0];
  const copy = Buffer.alloc(copies * 3, Uint8Array.of(2 | (63 << 2), 1, 0));
  return new Uint8Array(Buffer.concat([Buffer.from(head), copy, Buffer.from(tail)]));
}

export const HEADERS_1 = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};
export const HEADERS_2 = {
  ...HEADERS_1,
  'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  'x-prometheus-remote-write-version': '2.0.0',
};

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export async function post(
  url: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = HEADERS_1,
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Packs and sends. */
export const write1 = (url: string, ...all: readonly WireSeries[]): Promise<Answer> =>
  post(url, pack(message1(...all)), HEADERS_1);
export const write2 = (url: string, ...all: readonly WireSeries[]): Promise<Answer> =>
  post(url, pack(message2(...all)), HEADERS_2);
