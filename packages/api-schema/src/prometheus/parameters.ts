import { type TOptional, type TString, Type } from 'typebox';

// Parameters that several endpoints share. The server reads them itself, because what it says of a
// wrong one has to be Prometheus' own words; these document.

export const time = (description: string): TOptional<TString> =>
  Type.Optional(Type.String({ description: `RFC 3339 or Unix seconds. ${description}` }));

export const duration = (description: string): TOptional<TString> =>
  Type.Optional(Type.String({ description: `${description} A duration such as 30s, or seconds.` }));

export const limit = Type.Optional(Type.String({ description: 'Most results; 0 for no limit.' }));

export const timeout = duration('How long the evaluation may take.');

export const lookbackDelta = duration('How long a sample counts as current; by default 5m.');

export const query = Type.String({ description: 'PromQL.' });

/** Not Prometheus', which keeps nothing. */
export const noCache = Type.Optional(
  Type.String({ description: '`true` takes nothing that was kept from earlier queries.' }),
);
