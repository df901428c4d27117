/** Raised with every change of the tables below; see docs/formats when there is a second version. */
export const SCHEMA_VERSION = 1;

/**
 * `logs` holds one row per record in order of arrival, the narrow columns that filters read first.
 * `origins` holds every different pair of resource and scope once; `newest` is the latest time of a
 * record that names it, so that retention knows when it is done with. `body_words` is the full-text index
 * by row id, without the text; what deletions leave in it
 * is merged away by `compactWords`, not in the middle of a commit. `counts` spares counting rows.
 */
export const SCHEMA = `
CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  service TEXT NOT NULL,
  region TEXT NOT NULL,
  trace_id TEXT,
  span_id TEXT,
  observed INTEGER NOT NULL,
  severity_text TEXT NOT NULL,
  attributes TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX logs_time ON logs (time);
CREATE INDEX logs_service ON logs (service, time);
CREATE INDEX logs_warn ON logs (time) WHERE severity >= 13;
CREATE INDEX logs_trace ON logs (trace_id, time) WHERE trace_id IS NOT NULL;
CREATE TABLE origins (
  id INTEGER PRIMARY KEY,
  json TEXT NOT NULL UNIQUE,
  newest INTEGER NOT NULL
);
CREATE VIRTUAL TABLE body_words USING fts5 (
  words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
INSERT INTO body_words (body_words, rank) VALUES ('deletemerge', 0);
CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counts VALUES ('logs', 0)`;
