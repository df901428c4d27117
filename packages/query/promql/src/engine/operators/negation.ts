import { type Expression } from '../../parser/ast.ts';
import { type Annotations } from '../annotations.ts';
import { combineElements } from '../histograms/elements.ts';
import { HistogramNotes } from '../histograms/notes.ts';
import { type ColumnSink } from '../values.ts';

/** Takes columns and hands their negatives on, of floats and of histograms. */
export function negating(node: Expression, sink: ColumnSink, annotations: Annotations): ColumnSink {
  const notes = new HistogramNotes(annotations, node);
  return {
    keepsColumns: sink.keepsColumns,
    add: (column) => {
      const { histograms } = column;
      const values = column.values.map((value) => -value);
      const negative = { ...column, dropName: true, values };
      if (histograms === undefined) {
        sink.add(negative);
        return;
      }
      const scaled = histograms.map((histogram) => {
        if (histogram === undefined) return undefined;
        const result = combineElements('*', histogram, -1, notes);
        return typeof result === 'number' ? undefined : result;
      });
      sink.add({ ...negative, histograms: scaled });
    },
  };
}
