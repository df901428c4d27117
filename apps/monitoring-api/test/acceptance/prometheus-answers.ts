/** Answers of the Prometheus HTTP API, and how two of them are compared. */

export interface VectorElement {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}
export interface MatrixElement {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}
export type QueryData =
  | { readonly resultType: 'vector'; readonly result: readonly VectorElement[] }
  | { readonly resultType: 'matrix'; readonly result: readonly MatrixElement[] }
  | { readonly resultType: 'scalar'; readonly result: readonly [number, string] };

/** @throws Error with the server's own words when the query fails */
export async function promQuery(
  url: string,
  path: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
): Promise<QueryData> {
  const response = await fetch(
    `${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
  );
  const body = (await response.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data: QueryData;
  };
  if (body.status !== 'success') throw new Error(`${parameters['query']}: ${body.error}`);
  return body.data;
}

/** The values of an answer by label set, or by label set and moment for a matrix. */
export function valuesByKey(data: QueryData): Map<string, number> {
  const values = new Map<string, number>();
  switch (data.resultType) {
    case 'scalar':
      values.set('scalar', Number(data.result[1]));
      break;
    case 'vector':
      for (const { metric, value } of data.result) values.set(keyOf(metric), Number(value[1]));
      break;
    case 'matrix':
      for (const { metric, values: points } of data.result) {
        for (const [time, value] of points) values.set(`${keyOf(metric)} @${time}`, Number(value));
      }
  }
  return values;
}

function keyOf(metric: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What two answers disagree in: other label sets, or values further apart than the tolerance. */
export function differences(
  ours: QueryData,
  theirs: QueryData,
  tolerance: { readonly relative: number; readonly absolute: number },
): readonly string[] {
  const [left, right] = [valuesByKey(ours), valuesByKey(theirs)];
  const found: string[] = [];
  if (ours.resultType !== theirs.resultType) {
    found.push(`a ${ours.resultType} instead of a ${theirs.resultType}`);
  }
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(key), right.get(key)];
    if (a === undefined || b === undefined) {
      found.push(`${key}: only in ${a === undefined ? 'theirs' : 'ours'}`);
      continue;
    }
    const apart = Math.abs(a - b);
    const near = apart <= tolerance.absolute || apart <= tolerance.relative * Math.abs(b);
    if (!near && !Object.is(a, b)) found.push(`${key}: ${a} instead of ${b}`);
  }
  return found;
}
