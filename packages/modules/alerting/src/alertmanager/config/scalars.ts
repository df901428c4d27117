import { AnchoredRegExp, parseDuration } from '@dwcp/core';

import { type Field } from './fields.ts';
import { SECRET } from './record.ts';

/** A value that was read, or what is wrong with its text. */
export type Reading =
  | { readonly value: string | boolean | number }
  | { readonly problem: string; readonly fix: string };

export type ScalarKind = Exclude<
  Field['kind'],
  'list' | 'record' | 'text-map' | 'regexp-map' | 'any'
>;

/** A scalar's text by the kind of its field. */
export function readScalar(kind: ScalarKind, text: string): Reading {
  switch (kind) {
    case 'text':
    case 'secret':
      return { value: text };
    case 'flag':
      return readFlag(text);
    case 'whole':
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? { value: Number(text) }
        : { problem: 'is no whole number', fix: 'write digits, such as 10' };
    case 'duration':
      return readDuration(text);
    case 'go-duration':
      return readGoDuration(text);
    case 'url':
      return readUrl(text);
    case 'secret-url':
      return text === SECRET ? { value: text } : readUrl(text);
    case 'host-port':
      return readHostPort(text);
  }
}

/** As YAML 1.1, which Alertmanager reads, has it. */
function readFlag(text: string): Reading {
  if (/^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/.test(text)) return { value: true };
  if (/^(?:n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/.test(text)) return { value: false };
  return { problem: 'is neither true nor false', fix: 'write true or false' };
}

function readDuration(text: string): Reading {
  const value = parseDuration(text);
  return value === undefined
    ? { problem: 'is no duration', fix: 'write a number and a unit, such as 30s, 5m or 1h30m' }
    : { value };
}

const GO_UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

function readGoDuration(text: string): Reading {
  if (text === '0') return { value: 0 };
  if (!/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
    return { problem: 'is no duration', fix: 'write a number and a unit, such as 10s or 1h30m' };
  }
  let totalMs = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    totalMs += Number(number) * (GO_UNIT_MS[unit ?? ''] ?? 0);
  }
  return { value: text.startsWith('-') ? -totalMs : totalMs };
}

function readUrl(text: string): Reading {
  const fix = 'write an address with http:// or https:// and a host';
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    return { problem: 'is no URL', fix };
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    return { problem: `has the scheme ${parsed.protocol}`, fix };
  }
  // The parser of URLs takes "http:host" for "http://host"; Alertmanager does not.
  if (!/^https?:\/\/[^/]/i.test(text)) return { problem: 'has no host', fix };
  return { value: text };
}

function readHostPort(text: string): Reading {
  if (text === '') return { value: '' };
  return /^(?:\[[^\]]*\]|[^:[\]]*):[^:]+$/.test(text)
    ? { value: text }
    : { problem: 'is no host with a port', fix: 'write host:port, such as mail.example.org:587' };
}

/** Why a text is no regular expression, undefined when it is one. */
export function regexpProblem(pattern: string): string | undefined {
  try {
    void new AnchoredRegExp(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
