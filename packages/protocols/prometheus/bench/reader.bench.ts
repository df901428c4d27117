import { ExpositionReader, parseExposition } from '@dwcp/protocol-prometheus';
import { expect, test } from 'vitest';

const series = Array.from(
  { length: 10_000 },
  (_, i) =>
    `http_request_duration_seconds_bucket{method="GET",route="/api/v1/items/${i % 500}",le="${i}"}`,
);
const body = series.map((text, i) => `${text} ${i * 17}.25\n`).join('');

test('10k samples with three labels', async ({ bench }) => {
  expect(parseExposition(body, { format: 'text' }).samples).toHaveLength(10_000);
  await bench.compare(
    bench('parse every label', () => {
      parseExposition(body, { format: 'text' });
    }),
    bench('known by their text', () => {
      const known = new Set(series);
      const reader = new ExpositionReader(body, { format: 'text' });
      while (reader.next()) if (!known.has(reader.series)) throw new Error('unknown series');
    }),
    bench('known by their order', () => {
      const reader = new ExpositionReader(body, { format: 'text' });
      let i = 0;
      while (reader.next(series[i++])) if (!reader.expectedMatched) throw new Error('not matched');
    }),
  );
});
