/** Escapes as Go's `url.QueryEscape`: a blank becomes `+`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Path and query under which Prometheus shows an expression as a table. */
export function tableLink(expression: string): string {
  return `/graph?g0.expr=${queryEscape(expression)}&g0.tab=1`;
}

/** Path and query under which Prometheus shows an expression as a graph. */
export function graphLink(expression: string): string {
  return `/graph?g0.expr=${queryEscape(expression)}&g0.tab=0`;
}
