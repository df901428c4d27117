import { familyNameOf, metricTypeOf } from './metadata.ts';
import { type RefList } from './ref-list.ts';
import { type SymbolTable } from './symbols.ts';
import { type RemoteWriteVisitor } from './types.ts';
import { type WireReader } from './wire-reader.ts';

const FIELDS = (1 << 1) | (1 << 3) | (1 << 4);

/**
 * The metadata that 2.0 sends with every series. What was already reported for a metric name is not
 * reported again, since most series of a request repeat it.
 */
export class SeriesMetadataReader {
  readonly #reader: WireReader;
  readonly #symbols: SymbolTable;
  /** By the reference of a metric name: type + 1, help and unit as last reported. */
  #reported: Uint32Array | undefined;
  #type = 0;
  #helpRef = 0;
  #unitRef = 0;

  constructor(reader: WireReader, symbols: SymbolTable) {
    this.#reader = reader;
    this.#symbols = symbols;
  }

  /** A series begins. */
  begin(): void {
    this.#type = 0;
    this.#helpRef = 0;
    this.#unitRef = 0;
  }

  /** A Metadata message, whose length comes next. */
  read(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 0x08) this.#type = reader.uint32();
      else if (tag === 0x18) this.#helpRef = reader.uint32();
      else if (tag === 0x20) this.#unitRef = reader.uint32();
      else reader.skip(tag, FIELDS);
    }
    reader.leave(outer);
  }

  /**
   * The series ends. Where nothing is known of it, there is nothing to report.
   * @param isNative whether the series is a native histogram, whose name has no suffix
   * @returns what is wrong with it
   */
  report(visitor: RemoteWriteVisitor, labels: RefList, isNative: boolean): string | undefined {
    const symbols = this.#symbols;
    const helpRef = this.#helpRef;
    const unitRef = this.#unitRef;
    if (this.#type === 0 && helpRef === 0 && unitRef === 0) return undefined;
    for (const ref of [helpRef, unitRef]) {
      if (ref >= symbols.count) {
        return `its metadata refers to symbol ${ref}, but there are ${symbols.count} symbols`;
      }
    }
    const nameRef = this.#metricNameRef(labels);
    if (nameRef === undefined) return undefined;
    const reported = (this.#reported ??= new Uint32Array(symbols.count * 3));
    const at = nameRef * 3;
    if (
      reported[at] === this.#type + 1 &&
      reported[at + 1] === helpRef &&
      reported[at + 2] === unitRef
    ) {
      return undefined;
    }
    reported[at] = this.#type + 1;
    reported[at + 1] = helpRef;
    reported[at + 2] = unitRef;
    const type = metricTypeOf(this.#type);
    const name = symbols.text(nameRef);
    visitor.metadata({
      name: isNative ? name : familyNameOf(name, type),
      type,
      help: symbols.text(helpRef),
      unit: symbols.text(unitRef),
    });
    return undefined;
  }

  #metricNameRef(labels: RefList): number | undefined {
    for (let i = 0; i < labels.count; i += 2) {
      if (this.#symbols.isMetricName(labels.at(i))) return labels.at(i + 1);
    }
    return undefined;
  }
}
