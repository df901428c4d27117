import { parseDuration } from '@dwcp/core';

/** What is wrong with a text that should have a format. */
export interface FormatProblem {
  readonly problem: string;
  readonly fix: string;
}

/** Checks the formats our schemas name beyond what JSON Schema types say. */
export function checkFormat(format: string, value: string): FormatProblem | undefined {
  switch (format) {
    case 'http-url':
      return checkUrl(value, ['http:', 'https:']);
    case 'endpoint-url':
      // Jaeger endpoints are URLs of a collector or `host:port` of an agent.
      return /^[\w.-]+:\d{1,5}$/.test(value)
        ? undefined
        : checkUrl(value, ['http:', 'https:', 'grpc:']);
    case 'duration':
      return parseDuration(value) === undefined
        ? { problem: 'is not a duration', fix: 'write one such as 30d, 12h or 1h30m' }
        : undefined;
    case 'listen-address':
      return listenAddress(value) === undefined
        ? { problem: 'is not an address and a port', fix: 'write it as 127.0.0.1:9000 or :9000' }
        : undefined;
    default:
      throw new Error(`format ${format} is not supported`);
  }
}

/** `127.0.0.1:9000`, `[::1]:9000`, `localhost:9000`, or `:9000` for the default host. */
export function listenAddress(
  text: string,
): { readonly host: string | undefined; readonly port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253}))?:(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port > 65_535 ? undefined : { host: match[1] ?? match[2], port };
}

function checkUrl(value: string, protocols: readonly string[]): FormatProblem | undefined {
  if (!URL.canParse(value)) {
    return { problem: 'is not a URL', fix: `write it as ${protocols[0]}//host:port` };
  }
  const url = new URL(value);
  if (!protocols.includes(url.protocol)) {
    return {
      problem: `has the scheme ${url.protocol.slice(0, -1)}`,
      fix: `use ${protocols.map((p) => p.slice(0, -1)).join(' or ')}, as in ${protocols[0]}//host:port`,
    };
  }
  return undefined;
}
