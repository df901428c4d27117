import { isLoopback } from '../server/security.ts';
import { type AlertingHelp } from './alerting.ts';
import { type AlertClusterConfig } from './config.ts';
import { type ParseContext } from './parse-config.ts';

const MIN_TOKEN_LENGTH = 16;

/** The other instances that get the same alerts; undefined when there are none. */
export function parseAlertCluster(
  context: ParseContext,
  { durationOf, pathOf, readFile }: AlertingHelp,
): AlertClusterConfig | undefined {
  const { report, settings } = context;
  const { peers, caFile, certFile, keyFile } = settings.alerting.cluster;
  const path = ['alerting', 'cluster'];
  const peerTimeoutMs = durationOf([...path, 'peerTimeout'], 100, '100ms');
  const pushPullMs = durationOf([...path, 'pushPull'], 1_000, '1s');
  if (peers.length === 0) return undefined;
  for (const [index, url] of peers.entries()) {
    const where = [...path, 'peers', String(index)];
    const { username, password } = URL.parse(url) ?? {};
    if (username !== '' || password !== '') {
      report(where, 'holds a user or a password', 'use bearerTokenFile', '***');
    }
    if (peers.indexOf(url) !== index) report(where, 'is there twice', 'name each instance once');
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [missing, given] =
      certFile === undefined ? ['certFile', 'keyFile'] : ['keyFile', 'certFile'];
    report([...path, missing], `is required with ${given}`, 'name both files');
  }
  const file = (key: string, value: string | undefined): string | undefined =>
    value === undefined ? undefined : pathOf([...path, key], value);
  return {
    peers,
    peerTimeoutMs,
    pushPullMs,
    token: tokenOf(context, readFile),
    caFile: file('caFile', caFile),
    certFile: file('certFile', certFile),
    keyFile: file('keyFile', keyFile),
  };
}

/** What instances present to each other: a token of their own, or that of the server. */
function tokenOf(
  { report, settings }: ParseContext,
  readFile: AlertingHelp['readFile'],
): string | undefined {
  const { bearerToken, bearerTokenFile } = settings.alerting.cluster;
  const path = ['alerting', 'cluster', 'bearerToken'];
  const filePath = ['alerting', 'cluster', 'bearerTokenFile'];
  if (bearerToken !== undefined && bearerTokenFile !== undefined) {
    report(path, 'is given twice, here and as bearerTokenFile', 'keep one of them', '***');
  }
  const ofFile = bearerTokenFile === undefined ? undefined : readFile(filePath, bearerTokenFile);
  const own = bearerToken ?? ofFile;
  if (own !== undefined && own.length < MIN_TOKEN_LENGTH) {
    const where = bearerToken === undefined ? filePath : path;
    const problem = `holds a token of fewer than ${MIN_TOKEN_LENGTH} characters`;
    report(where, problem, 'use a longer one', '***');
  }
  if (own !== undefined || bearerTokenFile !== undefined) return own;
  const { host, token, tokenFile } = settings.server;
  if (token !== undefined) return token;
  if (tokenFile !== undefined) return readFile(['server', 'tokenFile'], tokenFile);
  if (!isLoopback(host)) {
    const fix = 'put the same token into a file on each instance';
    report(filePath, 'is required where server.host is not loopback', fix);
  }
  return undefined;
}
