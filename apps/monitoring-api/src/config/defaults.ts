import { type Static, type TSchema } from 'typebox';

import { type ConfigSchema } from './schema.ts';

type Raw = Static<typeof ConfigSchema>;
type Filled<Group extends keyof Raw> = Required<NonNullable<Raw[Group]>>;
type Partially<T> = { readonly [Key in keyof T]?: T[Key] };

/** The settings after merging: what has a default is there, what has none may be missing. */
export interface Settings extends Omit<
  Raw,
  | 'service'
  | 'remoteWrite'
  | 'pushgateway'
  | 'server'
  | 'alerting'
  | 'metrics'
  | 'retention'
  | 'collection'
  | 'query'
  | 'logging'
  | 'slos'
> {
  readonly service: string;
  readonly server: Omit<Filled<'server'>, 'token' | 'tokenFile' | 'externalURL'> & {
    readonly token?: string;
    readonly tokenFile?: string;
    readonly externalURL?: string;
  };
  readonly alerting: {
    readonly ruleFiles: readonly string[];
    /** What was wrong in an entry has been left out of it. */
    readonly webhooks: readonly Partially<Filled<'alerting'>['webhooks'][number]>[];
    readonly alertmanagerConfig?: string;
    /** What was wrong in an entry has been left out of it. */
    readonly alertmanagers: readonly Partially<Filled<'alerting'>['alertmanagers'][number]>[];
    readonly allowPrivateNetwork: boolean;
    readonly incidents: Required<NonNullable<Filled<'alerting'>['incidents']>>;
    readonly escalation: {
      readonly severities: readonly string[];
      /** What was wrong in an entry has been left out of it. */
      readonly levels: readonly {
        readonly name?: string;
        readonly after?: string;
        readonly receiver?: string;
      }[];
    };
    readonly throttle: Required<NonNullable<Filled<'alerting'>['throttle']>>;
    readonly decisions: Required<NonNullable<Filled<'alerting'>['decisions']>>;
    readonly cluster: NonNullable<Filled<'alerting'>['cluster']> &
      Required<Pick<NonNullable<Filled<'alerting'>['cluster']>, 'peers'>>;
  };
  readonly metrics: Filled<'metrics'>;
  /** What was wrong in an entry has been left out of it. */
  readonly remoteWrite: readonly Partially<NonNullable<Raw['remoteWrite']>[number]>[];
  readonly pushgateway: Omit<Filled<'pushgateway'>, 'timeToLive'> & {
    readonly timeToLive?: string;
  };
  readonly retention: Filled<'retention'>;
  readonly collection: Filled<'collection'>;
  readonly query: Omit<Filled<'query'>, 'workers'> & { readonly workers?: number };
  readonly logging: Filled<'logging'>;
  readonly slos: readonly Partially<NonNullable<Raw['slos']>[number]>[];
}

interface SchemaNode {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** The defaults a schema names, as nested objects. */
export function defaultsOf(schema: TSchema): unknown {
  const visit = (node: SchemaNode): unknown => {
    if (node.properties === undefined) return node.default;
    return Object.fromEntries(
      Object.entries(node.properties).flatMap(([key, child]) => {
        const value = visit(child);
        return value === undefined ? [] : [[key, value]];
      }),
    );
  };
  return visit(schema as SchemaNode);
}
