import { any, type Field, flag, named, record, secret, text, textMap, texts } from './fields.ts';
import { type ConfigReader } from './reader.ts';
import { type ConfigRecord } from './record.ts';

/** @see https://prometheus.io/docs/alerting/latest/configuration/#tls_config */
export const tlsConfig: Field = record({
  ...named(text, 'ca', 'cert', 'ca_file', 'cert_file', 'key_file', 'server_name'),
  ...named(text, 'min_version', 'max_version', 'ca_ref', 'cert_ref', 'key_ref'),
  key: secret,
  insecure_skip_verify: flag,
});

const proxy = {
  proxy_url: text,
  no_proxy: text,
  proxy_from_environment: flag,
  proxy_connect_header: any,
};

/** @see https://prometheus.io/docs/alerting/latest/configuration/#http_config */
export const httpConfig: Field = record({
  basic_auth: record({
    ...named(text, 'username', 'username_file', 'username_ref', 'password_file', 'password_ref'),
    password: secret,
  }),
  authorization: record({
    ...named(text, 'type', 'credentials_file', 'credentials_ref'),
    credentials: secret,
  }),
  oauth2: record({
    ...named(text, 'client_id', 'client_secret_file', 'client_secret_ref'),
    client_secret: secret,
    scopes: texts,
    token_url: text,
    endpoint_params: textMap,
    tls_config: tlsConfig,
    ...named(text, 'grant_type', 'iss', 'audience', 'signature_algorithm'),
    ...named(text, 'client_certificate_key_id', 'client_certificate_key_file'),
    client_certificate_key: secret,
    claims: any,
    ...proxy,
  }),
  bearer_token: secret,
  bearer_token_file: text,
  tls_config: tlsConfig,
  enable_http2: flag,
  follow_redirects: flag,
  http_headers: any,
  ...proxy,
});

/** What of an `http_config` excludes each other. */
export function checkHttpConfig(reader: ConfigReader, found: ConfigRecord): void {
  const complain = (key: string, problem: string, fix: string): void =>
    reader.problem(found.at(key), found.name(key), problem, fix);
  const ways = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'];
  const used = ways.filter((key) => found.has(key));
  if (used.length > 1) {
    complain(used[1] ?? '', `stands beside ${used[0]}`, 'keep one way to authenticate');
  }
  const authorization = found.record('authorization');
  if (authorization?.text('type').trim().toLowerCase() === 'basic') {
    complain('authorization', 'has the type basic', 'use basic_auth for that');
  }
  for (const [key, plain, file] of [
    ['basic_auth', 'password', 'password_file'],
    ['authorization', 'credentials', 'credentials_file'],
    ['oauth2', 'client_secret', 'client_secret_file'],
  ] as const) {
    const inner = found.record(key);
    if (inner?.has(plain) === true && inner.has(file)) {
      complain(key, `has both ${plain} and ${file}`, 'keep one of the two');
    }
  }
}
