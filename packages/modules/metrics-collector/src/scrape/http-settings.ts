import { type Secret } from './secret.ts';

/** How a request identifies itself. Files are read anew for every request, so tokens can rotate. */
export type ScrapeAuth =
  | {
      readonly kind: 'basic';
      readonly username: string;
      readonly password: Secret | undefined;
      readonly passwordFile: string | undefined;
    }
  | {
      readonly kind: 'header';
      /** The scheme in front of the credentials, `Bearer` by default. */
      readonly type: string;
      readonly credentials: Secret | undefined;
      readonly credentialsFile: string | undefined;
    };

/** Prometheus' names of TLS versions, and node's. */
export const TLS_VERSIONS = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
} as const;

export type TlsVersion = keyof typeof TLS_VERSIONS;

/** Prometheus' `tls_config`. Files are looked at again every few seconds, so certificates can rotate. */
export interface TlsSettings {
  readonly ca: string | undefined;
  readonly caFile: string | undefined;
  readonly cert: string | undefined;
  readonly certFile: string | undefined;
  readonly key: Secret | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly insecureSkipVerify: boolean;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

/** One of `http_headers`: a name with plain and secret values. */
export interface HeaderSettings {
  readonly name: string;
  readonly values: readonly string[];
  readonly secrets: readonly Secret[];
  readonly files: readonly string[];
}

/** What scrapes and HTTP discovery have in common: Prometheus' HTTP client settings. */
export interface HttpSettings {
  readonly auth: ScrapeAuth | undefined;
  readonly tls: TlsSettings | undefined;
  readonly followRedirects: boolean;
  readonly httpHeaders: readonly HeaderSettings[];
}
