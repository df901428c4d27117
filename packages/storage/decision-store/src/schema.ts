/** Raised with every change of the table below; see docs/formats when there is a second version. */
export const SCHEMA_VERSION = 1;

/**
 * One row per record. `time` and `last` are milliseconds; `labels` and `decision` are JSON. `kind` is
 * the decision's, so that filters need not read it. `counts` spares counting rows.
 */
export const SCHEMA = `
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  topic TEXT NOT NULL,
  time INTEGER NOT NULL,
  last INTEGER NOT NULL,
  count INTEGER NOT NULL,
  alert TEXT NOT NULL,
  kind TEXT NOT NULL,
  labels TEXT NOT NULL,
  decision TEXT NOT NULL
);
CREATE UNIQUE INDEX decisions_subject ON decisions (subject, topic, time);
CREATE INDEX decisions_time ON decisions (time);
CREATE INDEX decisions_alert ON decisions (alert, time);
CREATE INDEX decisions_last ON decisions (last);
CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counts VALUES ('decisions', 0)`;
