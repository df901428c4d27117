import {
  type Attributes,
  type AttributeValue,
  CLOUD_REGION,
  compareUtf8,
  Labels,
  METRIC_NAME,
  type Resource,
  SERVICE_NAME,
} from '@dwcp/core';
import { type OtlpScope } from '@dwcp/protocol-otlp';

import { type LabelNamer } from './names.ts';

const SERVICE_NAMESPACE = 'service.namespace';
const SERVICE_INSTANCE_ID = 'service.instance.id';
/** They become `job` and `instance`. */
const IDENTIFYING: ReadonlySet<string> = new Set([
  SERVICE_NAMESPACE,
  SERVICE_NAME,
  SERVICE_INSTANCE_ID,
]);

export interface LabelOptions {
  readonly labelNames: LabelNamer;
  /** The label of the region, undefined for none. */
  readonly regionLabel: string | undefined;
  /** The region of resources that name none, '' for none. */
  readonly region: string;
  readonly promotedAttributes: readonly string[];
  readonly hasScopeLabels: boolean;
}

/** Labels by name while they are put together. */
type Draft = Map<string, string>;

/** What a resource adds to the labels of its points. */
export class ResourceLabels {
  readonly #options: LabelOptions;
  readonly #resource: Resource;
  readonly #job: string;
  readonly #instance: string;
  readonly #region: string;
  #targetInfo: Labels | undefined;

  constructor(resource: Resource, options: LabelOptions) {
    const { attributes } = resource;
    const namespace = textOf(attributes[SERVICE_NAMESPACE]);
    const name = textOf(attributes[SERVICE_NAME]);
    this.#options = options;
    this.#resource = resource;
    this.#job = name === '' || namespace === '' ? name : `${namespace}/${name}`;
    this.#instance = textOf(attributes[SERVICE_INSTANCE_ID]);
    this.#region = textOf(attributes[CLOUD_REGION]) || options.region;
  }

  /**
   * The labels of a point but for the metric's name: its attributes, those of the scope where asked
   * for, `job`, `instance` and the region.
   * @throws InvalidInputError when an attribute's name makes no label name
   */
  ofPoint(attributes: Attributes, scope: OtlpScope, schemaUrl: string): Draft {
    const { labelNames, promotedAttributes, hasScopeLabels } = this.#options;
    const draft = this.#attributes(attributes, undefined);
    for (const name of promotedAttributes) {
      const value = textOf(this.#resource.attributes[name]);
      const label = labelNames.of(name);
      if (value !== '' && !draft.has(label)) draft.set(label, value);
    }
    if (hasScopeLabels && scope.name !== '') {
      draft.set('otel_scope_name', scope.name.toWellFormed());
      draft.set('otel_scope_version', (scope.version ?? '').toWellFormed());
      draft.set('otel_scope_schema_url', schemaUrl.toWellFormed());
      for (const [name, value] of Object.entries(scope.attributes)) {
        draft.set(labelNames.of(`otel_scope_${name}`), textOf(value));
      }
    }
    return this.#identified(draft);
  }

  /**
   * The labels of `target_info`: all attributes of the resource that `job` and `instance` do not say.
   * Labels.empty when there are none, or nothing to join it by.
   */
  get targetInfo(): Labels {
    return (this.#targetInfo ??= this.#makeTargetInfo());
  }

  #makeTargetInfo(): Labels {
    if (this.#job === '' && this.#instance === '') return Labels.empty;
    const draft = this.#attributes(this.#resource.attributes, IDENTIFYING);
    if (draft.size === 0) return Labels.empty;
    return labelsOf(this.#identified(draft), 'target_info');
  }

  /** Names that become the same label share it, their values in the order of the names. */
  #attributes(attributes: Attributes, left: ReadonlySet<string> | undefined): Draft {
    const draft: Draft = new Map();
    for (const name of Object.keys(attributes).sort(compareUtf8)) {
      if (left?.has(name)) continue;
      const label = this.#options.labelNames.of(name);
      const value = textOf(attributes[name]);
      const before = draft.get(label);
      draft.set(label, before === undefined ? value : `${before};${value}`);
    }
    return draft;
  }

  #identified(draft: Draft): Draft {
    const { regionLabel } = this.#options;
    if (this.#job !== '') draft.set('job', this.#job);
    if (this.#instance !== '') draft.set('instance', this.#instance);
    if (regionLabel !== undefined && this.#region !== '' && !draft.has(regionLabel)) {
      draft.set(regionLabel, this.#region);
    }
    return draft;
  }
}

/** A series of the point: `le` or `quantile` may stand beside the name. */
export function labelsOf(
  draft: ReadonlyMap<string, string>,
  name: string,
  extra?: readonly [name: string, value: string],
): Labels {
  const pairs: (readonly [string, string])[] = [...draft, [METRIC_NAME, name]];
  if (extra !== undefined) pairs.push(extra);
  return Labels.fromPairs(pairs);
}

/** A value as OpenTelemetry writes it as a string: lists as JSON. */
export function textOf(value: AttributeValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value.toWellFormed();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A bound as Prometheus' OTLP receiver writes `le` and `quantile`: never with an exponent. */
export function boundText(bound: number): string {
  const text = String(bound);
  if (!text.includes('e')) return text;
  const [mantissa = '', exponentText = ''] = text.split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.');
  const exponent = Number(exponentText);
  return exponent < 0
    ? `${sign}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`
    : `${sign}${whole}${fraction.padEnd(exponent, '0')}`;
}
