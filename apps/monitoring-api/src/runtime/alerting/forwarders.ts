import { AlertmanagerNotifier } from '@dwcp/alerting';
import { type Clock } from '@dwcp/core';

import { type ForwardAlertmanagerConfig } from '../../config/config.ts';

/** One for each instance, so that each has a queue of its own: one that is down holds up no other. */
export function alertmanagerNotifiers(
  alertmanagers: readonly ForwardAlertmanagerConfig[],
  clock: Clock,
): readonly AlertmanagerNotifier[] {
  return alertmanagers.map(
    ({ url, authorization, caFile, timeoutMs }) =>
      new AlertmanagerNotifier({
        name: `alertmanager ${url}`,
        url,
        timeoutMs,
        clock,
        http: {
          ...(authorization === undefined ? {} : headersOf(authorization)),
          ...(caFile === undefined ? {} : { tls_config: { ca_file: caFile } }),
        },
      }),
  );
}

type Authorization = NonNullable<ForwardAlertmanagerConfig['authorization']>;
type HttpSettings = NonNullable<ConstructorParameters<typeof AlertmanagerNotifier>[0]['http']>;

function headersOf(authorization: Authorization): HttpSettings {
  if (authorization.kind === 'bearer') {
    return {
      authorization:
        'token' in authorization
          ? { credentials: authorization.token }
          : { credentials_file: authorization.tokenFile },
    };
  }
  const { username } = authorization;
  return {
    basic_auth:
      'password' in authorization
        ? { username, password: authorization.password }
        : { username, password_file: authorization.passwordFile },
  };
}
