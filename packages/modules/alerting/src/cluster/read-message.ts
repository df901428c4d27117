import { InvalidInputError, type LabelMatcher } from '@dwcp/core';

import { type NotificationLogEntry } from '../alertmanager/notification-log.ts';
import { type Silence } from '../alertmanager/silences.ts';
import { type Peer, type PeerAnswer, type PeerRequest } from './message.ts';
import { type SharedState } from './shared-state.ts';

const OPERATORS: readonly string[] = ['=', '!=', '=~', '!~'];
const KINDS: readonly string[] = ['probe', 'push', 'pull'];
const MAX_ID_LENGTH = 128;

/** @throws InvalidInputError for what no instance asks */
export function readPeerRequest(body: unknown): PeerRequest {
  const found = recordOf(body, 'body');
  const { kind, state, start } = found;
  if (typeof kind !== 'string' || !KINDS.includes(kind)) {
    throw new InvalidInputError('kind', 'is none of probe, push and pull');
  }
  return {
    from: peerOf(found['from']),
    kind: kind as PeerRequest['kind'],
    ...(state === undefined ? {} : { state: stateOf(state) }),
    ...(start === undefined ? {} : { start: countOf(start, 'start') }),
  };
}

/** @throws InvalidInputError for what no instance answers */
export function readPeerAnswer(body: unknown): PeerAnswer {
  const { from, state, next } = recordOf(body, 'body');
  return {
    from: peerOf(from),
    ...(state === undefined ? {} : { state: stateOf(state) }),
    ...(next === undefined ? {} : { next: countOf(next, 'next') }),
  };
}

function peerOf(value: unknown): Peer {
  const found = recordOf(value, 'from');
  const [id, startId] = [textOf(found, 'id', 'from'), textOf(found, 'startId', 'from')];
  for (const text of [id, startId]) {
    if (text === '' || text.length > MAX_ID_LENGTH) {
      throw new InvalidInputError('from', `an id has 1 to ${MAX_ID_LENGTH} characters`);
    }
  }
  return { id, startId };
}

function stateOf(value: unknown): SharedState {
  const { silences, log } = recordOf(value, 'state');
  return {
    silences: listOf(silences, 'state.silences').map((silence, index) =>
      silenceOf(silence, `state.silences[${index}]`),
    ),
    log: listOf(log, 'state.log').map((entry, index) => entryOf(entry, `state.log[${index}]`)),
  };
}

function silenceOf(value: unknown, where: string): Silence {
  const found = recordOf(value, where);
  const annotations = recordOf(found['annotations'], `${where}.annotations`);
  return {
    id: textOf(found, 'id', where),
    matchers: listOf(found['matchers'], `${where}.matchers`).map((matcher, index) =>
      matcherOf(matcher, `${where}.matchers[${index}]`),
    ),
    startsAtUnixMs: momentOf(found, 'startsAtUnixMs', where),
    endsAtUnixMs: momentOf(found, 'endsAtUnixMs', where),
    updatedAtUnixMs: momentOf(found, 'updatedAtUnixMs', where),
    createdBy: textOf(found, 'createdBy', where),
    comment: textOf(found, 'comment', where),
    annotations: Object.fromEntries(
      Object.keys(annotations).map((name) => [
        name,
        textOf(annotations, name, `${where}.annotations`),
      ]),
    ),
  };
}

function matcherOf(value: unknown, where: string): LabelMatcher {
  const found = recordOf(value, where);
  const operator = textOf(found, 'operator', where);
  if (!OPERATORS.includes(operator)) {
    throw new InvalidInputError(`${where}.operator`, `is none of ${OPERATORS.join(' ')}`);
  }
  return {
    name: textOf(found, 'name', where),
    operator: operator as LabelMatcher['operator'],
    value: textOf(found, 'value', where),
  };
}

function entryOf(value: unknown, where: string): NotificationLogEntry {
  const found = recordOf(value, where);
  const fingerprints = (name: string): readonly string[] =>
    listOf(found[name], `${where}.${name}`).map((item) => {
      if (typeof item === 'string') return item;
      throw new InvalidInputError(`${where}.${name}`, 'holds what is no text');
    });
  return {
    integration: textOf(found, 'integration', where),
    groupKey: textOf(found, 'groupKey', where),
    firing: fingerprints('firing'),
    resolved: fingerprints('resolved'),
    atUnixMs: momentOf(found, 'atUnixMs', where),
    expiresAtUnixMs: momentOf(found, 'expiresAtUnixMs', where),
  };
}

function recordOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new InvalidInputError(where, 'is no object');
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new InvalidInputError(where, 'is no list');
}

function textOf(record: Readonly<Record<string, unknown>>, name: string, where: string): string {
  const value = record[name];
  if (typeof value === 'string') return value;
  throw new InvalidInputError(`${where}.${name}`, 'is no text');
}

function momentOf(record: Readonly<Record<string, unknown>>, name: string, where: string): number {
  const value = record[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidInputError(`${where}.${name}`, 'is no number of milliseconds');
}

function countOf(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new InvalidInputError(where, 'is no whole number from 0 on');
}
