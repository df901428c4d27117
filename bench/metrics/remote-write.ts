// Remote write 1.0, packed ahead of the measurement: protobuf by hand (the message is four nested
// fields), then snappy's block format. What it packs is read back with protobufjs in self-check.ts.
//
//   WriteRequest { repeated TimeSeries timeseries = 1 }
//   TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2 }
//   Label        { string name = 1; string value = 2 }
//   Sample       { double value = 1; int64 timestamp = 2 }
//
// https://prometheus.io/docs/specs/prw/remote_write_spec/
import { snappy } from './borrowed.ts';
import { type Batch, type Workload } from './workload.ts';

/** Tag, tag and double, tag and a varint of six bytes: any Unix millisecond from 2004 to 2109. */
const SAMPLE_BYTES = 1 + 8 + 1 + 6;
const FIELD_1_BYTES = 0x0a;
const FIELD_2_BYTES = 0x12;
const FIELD_1_DOUBLE = 0x09;
const FIELD_2_VARINT = 0x10;

export class RequestPacker {
  readonly #labels: readonly Uint8Array[];
  readonly #buffer = new Uint8Array(4 << 20);
  readonly #view = new DataView(this.#buffer.buffer);
  #at = 0;

  constructor(series: Workload['series']) {
    // The labels of a series are the same in each request.
    this.#labels = series.map((pairs) =>
      Buffer.concat(pairs.map((pair) => field(1, Buffer.concat(pair.map(textField))))),
    );
  }

  /** @returns the body to POST */
  pack({ series, unixMs, values }: Batch): Uint8Array {
    this.#at = 0;
    for (let i = 0; i < series.length;) {
      let end = i + 1;
      while (end < series.length && series[end] === series[i]) end++;
      const labels = this.#labels[series[i] ?? -1];
      if (labels === undefined)
        throw new Error(`sample ${i} is of series ${series[i]}, which is none`);
      this.#byte(FIELD_1_BYTES);
      this.#varint(labels.length + (end - i) * (2 + SAMPLE_BYTES));
      this.#buffer.set(labels, this.#at);
      this.#at += labels.length;
      for (; i < end; i++) this.#sample(unixMs[i] ?? Number.NaN, values[i] ?? Number.NaN);
    }
    return snappy.compress(this.#buffer.subarray(0, this.#at));
  }

  #sample(unixMs: number, value: number): void {
    this.#byte(FIELD_2_BYTES);
    this.#byte(SAMPLE_BYTES);
    this.#byte(FIELD_1_DOUBLE);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    this.#byte(FIELD_2_VARINT);
    this.#varint(unixMs);
  }

  #byte(value: number): void {
    this.#buffer[this.#at++] = value;
  }

  #varint(value: number): void {
    let rest = value;
    // Times do not fit into the 32 bits of a shift.
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 128);
    this.#byte(rest);
  }
}

const textField = (text: string, index: number): Uint8Array => field(index + 1, Buffer.from(text));

function field(number: number, content: Uint8Array): Uint8Array {
  if (content.length > 127) throw new Error(`a label of ${content.length} bytes; at most 127`);
  return Buffer.concat([Uint8Array.of((number << 3) | 2, content.length), content]);
}
