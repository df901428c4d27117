const SUFFIX = /UnixMs$|^unixMs$/;

/**
 * The same with every moment as RFC 3339: `unixMs` becomes `at`, `endsAtUnixMs` becomes `endsAt`,
 * `lastUnixMs` becomes `lastAt`. What has no text, as it lies outside the calendar, is left out.
 */
export function withMoments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMoments);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
      if (!SUFFIX.test(name) || typeof field !== 'number') return [[name, withMoments(field)]];
      const text = momentOf(field);
      return text === undefined ? [] : [[nameOf(name), text]];
    }),
  );
}

function nameOf(name: string): string {
  const stem = name.replace(SUFFIX, '');
  if (stem === '') return 'at';
  return /(^at|At)$/.test(stem) ? stem : `${stem}At`;
}

function momentOf(unixMs: number): string | undefined {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
