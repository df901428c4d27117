/** A value of an OpenTelemetry attribute. */
export type AttributeValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly boolean[];

/** Attributes by name; names follow the OpenTelemetry semantic conventions. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What produced a signal: `service.name`, `host.name`, `cloud.region` and so on. */
export interface Resource {
  readonly attributes: Attributes;
}

/** The instrumentation library that produced a signal. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string;
}

/** Attribute names the platform itself reads. */
export const SERVICE_NAME = 'service.name';
export const CLOUD_REGION = 'cloud.region';
export const HOST_NAME = 'host.name';
