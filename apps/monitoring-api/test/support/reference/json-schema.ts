import { code } from './markdown.ts';

/** The part of JSON Schema that our schemas use. */
export interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly default?: unknown;
  readonly description?: string;
  readonly format?: string;
  readonly writeOnly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxItems?: number;
}

const FORMATS: Readonly<Record<string, string>> = {
  duration: 'duration',
  'http-url': 'URL',
  'endpoint-url': 'URL or host:port',
};

/** The values of a union of literals; undefined for any other schema. */
function literalsOf({
  anyOf,
  enum: values,
  const: only,
}: SchemaNode): readonly unknown[] | undefined {
  if (values !== undefined) return values;
  if (only !== undefined) return [only];
  const all = anyOf?.map(literalsOf);
  return all?.every((some) => some !== undefined) === true ? all.flat() : undefined;
}

/** A default as one would write it; '' when there is none. */
export function defaultOf({ default: value }: SchemaNode): string {
  if (value === undefined) return '';
  if (Array.isArray(value) && value.length === 0) return 'none';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

/** What a value may be, in a few words for a table's cell. */
export function typeOf(node: SchemaNode): string {
  const literals = literalsOf(node);
  if (literals !== undefined) return literals.map((value) => code(String(value))).join(', ');
  const bounds = boundsOf(node);
  switch (node.type) {
    case 'string':
      return (
        FORMATS[node.format ?? ''] ?? (node.writeOnly === true ? `secret text${bounds}` : 'text')
      );
    case 'integer':
      return `whole number${bounds}`;
    case 'number':
      return `number${bounds}`;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      if (node.items === undefined) return 'list';
      return isTuple(node.items)
        ? `[${node.items.map(typeOf).join(', ')}]`
        : `list of ${pluralOf(typeOf(node.items))}`;
    case 'object': {
      const [value] = Object.values(node.patternProperties ?? {});
      return value === undefined ? 'object' : `${typeOf(value)} by name`;
    }
    case undefined:
    default:
      if (node.anyOf === undefined) return 'any';
      return [...new Set(node.anyOf.map(typeOf))].join(' or ');
  }
}

export function isTuple(items: SchemaNode | readonly SchemaNode[]): items is readonly SchemaNode[] {
  return Array.isArray(items);
}

function pluralOf(type: string): string {
  if (type === 'object' || type.endsWith('number')) return `${type}s`;
  return type === 'text' ? 'texts' : type;
}

function boundsOf(node: SchemaNode): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength } = node;
  if (minimum !== undefined && maximum !== undefined) {
    return `, ${minimum.toLocaleString('en')} to ${maximum.toLocaleString('en')}`;
  }
  if (exclusiveMinimum !== undefined && exclusiveMaximum !== undefined) {
    return ` between ${exclusiveMinimum} and ${exclusiveMaximum}`;
  }
  if (minimum !== undefined) return `, at least ${minimum}`;
  if (minLength !== undefined && minLength > 1) return `, at least ${minLength} characters`;
  return '';
}
