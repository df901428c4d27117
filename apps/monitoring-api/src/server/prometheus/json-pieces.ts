import { type Success } from './route.ts';

const PIECE_LENGTH = 32_768;

/** A good answer whose data is a list, as pieces of JSON. */
export function* jsonPieces<Item>(
  { data, warnings }: Success<readonly Item[]>,
  view: (item: Item) => unknown,
): Generator<string, void> {
  let text = '{"status":"success","data":[';
  for (const [i, item] of data.entries()) {
    text += (i === 0 ? '' : ',') + JSON.stringify(view(item));
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}]${warnings === undefined ? '' : `,"warnings":${JSON.stringify(warnings)}`}}`;
}
