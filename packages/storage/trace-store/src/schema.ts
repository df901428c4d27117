/** Raised with every change of the tables below; see docs/formats when there is a second version. */
export const SCHEMA_VERSION = 1;

/**
 * `traces` holds a summary per trace, kept right in the transaction that adds or removes its spans;
 * ids rise in order of arrival. The root columns describe the span the trace is named after: the
 * earliest without a parent (rank 0), or the earliest of all (rank 1). `facets` holds every different
 * service, operation and region of a trace once. `origins` holds every different pair of resource and
 * scope once; `newest` is the latest end of a span that names it, so that retention knows when it is
 * done with. `counts` spares counting rows.
 */
export const SCHEMA = `
CREATE TABLE traces (
  id INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL UNIQUE,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  span_count INTEGER NOT NULL,
  error_count INTEGER NOT NULL,
  root_rank INTEGER NOT NULL,
  root_start INTEGER NOT NULL,
  root_span_id TEXT NOT NULL,
  root_name TEXT NOT NULL,
  root_service TEXT NOT NULL
);
CREATE INDEX traces_start ON traces (start);
CREATE INDEX traces_error ON traces (start) WHERE error_count > 0;
CREATE TABLE spans (
  id INTEGER PRIMARY KEY,
  trace INTEGER NOT NULL,
  span_id TEXT NOT NULL,
  parent_span_id TEXT,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  status TEXT NOT NULL,
  origin INTEGER NOT NULL,
  service TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status_message TEXT,
  attributes TEXT NOT NULL,
  events TEXT NOT NULL,
  links TEXT NOT NULL
);
CREATE UNIQUE INDEX spans_trace ON spans (trace, span_id);
CREATE INDEX spans_end ON spans (end);
CREATE TABLE facets (
  trace INTEGER NOT NULL,
  service TEXT NOT NULL,
  operation TEXT NOT NULL,
  region TEXT NOT NULL,
  PRIMARY KEY (trace, service, operation, region)
) WITHOUT ROWID;
CREATE INDEX facets_service ON facets (service, operation, trace);
CREATE TABLE origins (
  id INTEGER PRIMARY KEY,
  json TEXT NOT NULL UNIQUE,
  newest INTEGER NOT NULL
);
CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counts VALUES ('spans', 0)`;
