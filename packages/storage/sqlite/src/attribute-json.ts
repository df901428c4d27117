import { type Attributes, type AttributeValue } from '@dwcp/core';

/** A number that JSON has no form for: `{"n":"NaN"}`. Attribute values are never objects themselves. */
interface SpecialNumber {
  readonly n: string;
}

type JsonValue = AttributeValue | SpecialNumber | readonly (AttributeValue | SpecialNumber)[];

/** Attributes as JSON text that gives every value back, NaN, the infinities and -0 included. */
export function encodeAttributes(attributes: Attributes): string {
  if (!Object.values(attributes).some(hasSpecial)) return JSON.stringify(attributes);
  return JSON.stringify(
    Object.fromEntries(Object.entries(attributes).map(([name, v]) => [name, encodeValue(v)])),
  );
}

export function decodeAttributes(text: string): Attributes {
  const parsed = JSON.parse(text) as Readonly<Record<string, JsonValue>>;
  if (!text.includes('{"n":')) return parsed as Attributes;
  return Object.fromEntries(Object.entries(parsed).map(([name, v]) => [name, decodeValue(v)]));
}

/** The text an attribute is compared and shown by, arrays as their JSON; '' when it is not there. */
export function attributeTextOf(attributes: Attributes, name: string): string {
  return Object.hasOwn(attributes, name) ? attributeText(attributes[name] ?? '') : '';
}

/** Whether the attribute is there and has this text. */
export function hasAttribute(attributes: Attributes, name: string, text: string): boolean {
  return Object.hasOwn(attributes, name) && attributeTextOf(attributes, name) === text;
}

/**
 * Texts of which the encoded attributes contain at least one when the attribute has this value, so
 * that most rows are ruled out without decoding them.
 */
export function fragmentsOf(name: string, text: string): readonly string[] {
  const key = `${JSON.stringify(name)}:`;
  return [`${key}${JSON.stringify(text)}`, `${key}${text}`, `${key}[`, `${key}{`];
}

function attributeText(value: AttributeValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isSpecial(value: unknown): value is number {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0));
}

function hasSpecial(value: AttributeValue): boolean {
  return Array.isArray(value) ? value.some(isSpecial) : isSpecial(value);
}

function encodeValue(value: AttributeValue): JsonValue {
  if (typeof value === 'object') {
    return value.map((item) => (isSpecial(item) ? special(item) : item));
  }
  return isSpecial(value) ? special(value) : value;
}

function special(value: number): SpecialNumber {
  return { n: Object.is(value, -0) ? '-0' : String(value) };
}

function decodeValue(value: JsonValue): AttributeValue {
  if (Array.isArray(value)) return value.map(decodeItem) as unknown as AttributeValue;
  return decodeItem(value as AttributeValue | SpecialNumber);
}

function decodeItem(value: AttributeValue | SpecialNumber): AttributeValue {
  return typeof value === 'object' && 'n' in value ? Number(value.n) : value;
}
