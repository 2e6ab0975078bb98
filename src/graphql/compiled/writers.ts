import { collectFields, collectSubfields } from 'graphql/execution/collectFields';
import {
  getArgumentValues,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  type OperationDefinitionNode,
  type OperationTypeNode,
} from 'graphql';

import { type ConnectionView, StoredConnection } from '../../proton/connection';
import { connectionArn } from '../../proton/identifiers';
import type { EnvironmentAccountConnection } from '../../subgraph/connection/environment-account-connection';

/** The operation needs something that only Apollo Server can do. */
export class UnsupportedOperationError extends Error {
  override readonly name = 'UnsupportedOperationError';
}

/** A value is not what the schema promises, or it is a failure: Apollo Server must respond. */
export class UnexpectedValueError extends Error {
  override readonly name = 'UnexpectedValueError';
}

/** The back end returns this field of a connection only when it is asked for it. */
export class LateFieldError extends Error {
  override readonly name = 'LateFieldError';
}

/** Writes a value as JSON. @throws UnexpectedValueError, LateFieldError */
export type Writer<Value> = (value: Value) => string;

/** Writes a field of an object. The object writes the quotes, so that each field is one piece of text and not three. */
interface FieldWriter<Source> {
  readonly write: Writer<Source>;
  /** Whether the text belongs between quotes. */
  readonly inQuotes: boolean;
}

const CONNECTION = 'EnvironmentAccountConnection';

/** A longer text is not kept on its connection: the store keeps thousands of them. */
const MAX_KEPT_TEXT = 1_024;

/** Fields of one plan. Fragments and aliases can make a plan many times as large as its document. */
const MAX_FIELDS = 1_000;

/** Reads the fields of a connection. A field of the class that is missing here does not compile. */
const CONNECTION_FIELDS: Readonly<
  Record<keyof EnvironmentAccountConnection, (connection: ConnectionView) => unknown>
> = {
  id: ({ id }) => id,
  arn: connectionArn,
  region: ({ region }) => region,
  status: ({ status }) => status,
  environmentName: ({ environmentName }) => environmentName,
  managementAccountId: ({ managementAccountId }) => managementAccountId,
  managementAccount: ({ managementAccountId }) => ({ id: managementAccountId }),
  environmentAccountId: ({ environmentAccountId }) => environmentAccountId,
  environmentAccount: ({ environmentAccountId }) => ({ id: environmentAccountId }),
  roleArn: ({ roleArn }) => roleArn,
  componentRoleArn: ({ componentRoleArn }) => componentRoleArn,
  codebuildRoleArn: ({ codebuildRoleArn }) => codebuildRoleArn,
  createdAt: ({ requestedAt }) => requestedAt,
  requestedAt: ({ requestedAt }) => requestedAt,
  lastModifiedAt: ({ lastModifiedAt }) => lastModifiedAt,
  tags: ({ tags }) => tags,
};

/**
 * Checks that `CONNECTION_FIELDS` has every field of the schema's connection that has no resolver of its own, and no other field.
 * @throws Error that names the fields
 */
export function checkConnectionFields(schema: GraphQLSchema): void {
  const type = schema.getType(CONNECTION);
  const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
  const plain = new Set(fields.filter(({ resolve }) => !resolve).map(({ name }) => name));
  const known = new Set(Object.keys(CONNECTION_FIELDS));
  const wrong = [...plain, ...known].filter((name) => !plain.has(name) || !known.has(name));
  if (wrong.length > 0) {
    throw new Error(
      `CONNECTION_FIELDS in src/graphql/compiled/writers.ts and the schema differ: ${wrong.join(', ')}`,
    );
  }
}

/** Fields with a resolver of their own, whose value the reader of their parent adds. */
const ADDED_FIELDS: Readonly<Record<string, string>> = {
  EnvironmentAccountConnectionConnection: 'totalCount',
};

/** The selection of one operation, for one set of values of the variables in its `@skip` and `@include`. */
export class Selection {
  /** The number of fields so far. */
  size = 0;

  constructor(
    readonly schema: GraphQLSchema,
    private readonly fragments: Record<string, FragmentDefinitionNode>,
    private readonly operation: OperationDefinitionNode,
    private readonly variables: Record<string, unknown>,
  ) {}

  /** The root fields in the order of the response. */
  rootFields(): readonly (readonly [
    key: string,
    field: GraphQLField<unknown, unknown> | undefined,
    nodes: readonly FieldNode[],
  ])[] {
    const root = this.schema.getRootType(this.operation.operation);
    if (!root) throw new UnsupportedOperationError();
    const fields = collectFields(
      this.schema,
      this.fragments,
      this.variables,
      root,
      this.operation.selectionSet,
    );
    return [...fields].map(([key, nodes]) => [key, root.getFields()[nameOf(nodes)], nodes]);
  }

  get type(): OperationTypeNode {
    return this.operation.operation;
  }

  /** The fields that are selected in a value of this type, with graphql-js's own rules for fragments, directives and merging. */
  fieldsIn(type: GraphQLObjectType, nodes: readonly FieldNode[]): ReadonlyMap<string, readonly FieldNode[]> {
    const fields = collectSubfields(this.schema, this.fragments, this.variables, type, nodes);
    this.size += fields.size;
    if (this.size > MAX_FIELDS) throw new UnsupportedOperationError();
    return fields;
  }

  objectType(name: string): GraphQLObjectType {
    const type = this.schema.getType(name);
    if (!isObjectType(type)) throw new UnsupportedOperationError();
    return type;
  }

  /** @throws UnsupportedOperationError */
  writerOf(type: GraphQLOutputType, nodes: readonly FieldNode[]): Writer<unknown> {
    if (!isNonNullType(type)) {
      const write = this.nonNullWriterOf(type, nodes);
      return (value) => (value === null || value === undefined ? 'null' : write(value));
    }
    return this.nonNullWriterOf(type.ofType, nodes);
  }

  private nonNullWriterOf(type: GraphQLOutputType, nodes: readonly FieldNode[]): Writer<unknown> {
    if (isListType(type)) return listWriter(this.writerOf(type.ofType, nodes));
    if (isObjectType(type)) {
      return type.name === CONNECTION
        ? (this.connectionWriter(nodes) as Writer<unknown>)
        : (this.objectWriter(type, nodes) as Writer<unknown>);
    }
    const { write, inQuotes } = leafWriter(type);
    return inQuotes ? (value) => `"${write(value)}"` : write;
  }

  private fieldWriterOf(type: GraphQLOutputType, nodes: readonly FieldNode[]): FieldWriter<unknown> {
    return isNonNullType(type) && isLeafType(type.ofType)
      ? leafWriter(type.ofType)
      : { write: this.writerOf(type, nodes), inQuotes: false };
  }

  /** Writes objects whose fields are properties. */
  objectWriter(
    type: GraphQLObjectType,
    nodes: readonly FieldNode[],
  ): Writer<Readonly<Record<string, unknown>>> {
    return joined(type, this.fieldsIn(type, nodes), (name, inner) => {
      const field = type.getFields()[name];
      if (!field || (field.resolve && ADDED_FIELDS[type.name] !== name))
        throw new UnsupportedOperationError();
      const { write, inQuotes } = this.fieldWriterOf(field.type, inner);
      return { write: (source: Readonly<Record<string, unknown>>) => write(source[name]), inQuotes };
    });
  }

  /**
   * Keeps the text on a connection that the store keeps, as long as it is the last selection that was written. Not the first time:
   * of most connections that are read at random, a text is needed only once.
   */
  connectionWriter(nodes: readonly FieldNode[]): Writer<ConnectionView> {
    const type = this.objectType(CONNECTION);
    const write = joined(type, this.fieldsIn(type, nodes), (name, inner) =>
      this.connectionFieldWriter(type, name, inner),
    );
    const writtenOnce = { plan: write, text: undefined };
    return (connection) => {
      if (!(connection instanceof StoredConnection)) return write(connection);
      const { rendering } = connection;
      const isRepeated = rendering?.plan === write;
      if (isRepeated && rendering.text !== undefined) return rendering.text;
      const text = write(connection);
      if (text.length <= MAX_KEPT_TEXT)
        connection.rendering = isRepeated ? { plan: write, text } : writtenOnce;
      return text;
    };
  }

  private connectionFieldWriter(
    type: GraphQLObjectType,
    name: string,
    nodes: readonly FieldNode[],
  ): FieldWriter<ConnectionView> {
    const field = type.getFields()[name];
    if (!field || !isConnectionField(name)) throw new UnsupportedOperationError();
    const read = CONNECTION_FIELDS[name];
    const { write, inQuotes } = this.fieldWriterOf(field.type, nodes);
    const writeValue = (connection: ConnectionView) => {
      const value = read(connection);
      // The resolvers' connection has a function for what it reads later.
      if (value === undefined || typeof value === 'function') throw new LateFieldError();
      return write(value);
    };
    if (name !== 'tags' || !this.selectsKeyAndValue(nodes)) return { write: writeValue, inQuotes };
    // As they are stored, without parsing them.
    const writeTags = (connection: ConnectionView) =>
      connection instanceof StoredConnection && areCanonicalTags(connection.tagsJson)
        ? connection.tagsJson
        : writeValue(connection);
    return { write: writeTags, inQuotes: false };
  }

  private selectsKeyAndValue(nodes: readonly FieldNode[]): boolean {
    const fields = [...this.fieldsIn(this.objectType('EnvironmentAccountConnectionTag'), nodes)];
    return (
      fields.length === 2 &&
      ['key', 'value'].every(
        (name, index) => fields[index]?.[0] === name && nameOf(fields[index][1]) === name,
      )
    );
  }
}

/** Reads the arguments of a root field from the coerced variables. @throws GraphQLError */
export type ArgumentReader = (variables: Record<string, unknown>) => Record<string, unknown>;

/** @throws UnsupportedOperationError */
export function argumentReader(
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
): ArgumentReader {
  const [node] = nodes;
  if (!node) throw new UnsupportedOperationError();
  const given = new Map(node.arguments?.map(({ name, value }) => [name.value, value]));
  const variableOf = field.args.map(({ name }) => {
    const value = given.get(name);
    return value?.kind === Kind.VARIABLE ? value.name.value : undefined;
  });
  const isSimple = field.args.every(({ name }, index) => !given.has(name) || variableOf[index] !== undefined);
  if (!isSimple) return (variables) => getArgumentValues(field, node, variables);
  // A variable of the right type is the argument's value. That is checked here at once, where graphql-js checks each request again.
  return (variables) => {
    const values: Record<string, unknown> = {};
    for (const [index, { name, defaultValue }] of field.args.entries()) {
      const variable = variableOf[index];
      const value = variable === undefined ? defaultValue : variables[variable];
      // Missing and null have rules of their own.
      if (variable !== undefined && (value === undefined || value === null)) {
        return getArgumentValues(field, node, variables);
      }
      if (value !== undefined) values[name] = value;
    }
    return values;
  };
}

export function nameOf([node]: readonly FieldNode[]): string {
  return node?.name.value ?? '';
}

/** Writes an object from the writers of its fields. */
function joined<Source>(
  type: GraphQLObjectType,
  fields: ReadonlyMap<string, readonly FieldNode[]>,
  writerOf: (name: string, nodes: readonly FieldNode[]) => FieldWriter<Source>,
): Writer<Source> {
  /** What comes before each field: the end of the field before it, and its own key. */
  const heads: string[] = [];
  const writers: Writer<Source>[] = [];
  let end = '{';
  for (const [key, nodes] of fields) {
    const name = nameOf(nodes);
    const { write, inQuotes } =
      name === '__typename' ? { write: () => type.name, inQuotes: true } : writerOf(name, nodes);
    heads.push(`${end}${JSON.stringify(key)}:${inQuotes ? '"' : ''}`);
    writers.push(write);
    end = inQuotes ? '",' : ',';
  }
  if (writers.length === 0) return () => '{}';
  const tail = `${end.slice(0, -1)}}`;
  return (source) => {
    // Joined, not added: the result of adding is copied together later, piece by piece, and again for each use.
    const pieces = new Array<string>(2 * writers.length + 1);
    for (let index = 0; index < writers.length; index += 1) {
      pieces[2 * index] = heads[index] ?? '';
      pieces[2 * index + 1] = writers[index]?.(source) ?? '';
    }
    pieces[2 * writers.length] = tail;
    return pieces.join('');
  };
}

function listWriter(write: Writer<unknown>): Writer<unknown> {
  return (value) => {
    if (!Array.isArray(value)) throw new UnexpectedValueError();
    // Joined, not added: the result of adding thousands of texts must be copied together later, piece by piece.
    return `[${value.map(write).join(',')}]`;
  };
}

/** @throws UnsupportedOperationError for a scalar that is not known here */
function leafWriter(type: GraphQLOutputType): FieldWriter<unknown> {
  if (isEnumType(type)) {
    const names = new Set<unknown>(type.getValues().map(({ name }) => name));
    return { write: (value) => (names.has(value) ? (value as string) : unexpected()), inQuotes: true };
  }
  const writer = isScalarType(type) ? SCALARS[type.name] : undefined;
  if (!writer) throw new UnsupportedOperationError();
  return writer;
}

const STRING: FieldWriter<unknown> = {
  write: (value) => (typeof value === 'string' ? escaped(value) : unexpected()),
  inQuotes: true,
};

const SCALARS: Readonly<Record<string, FieldWriter<unknown>>> = {
  ID: STRING,
  String: STRING,
  Boolean: { write: (value) => (typeof value === 'boolean' ? String(value) : unexpected()), inQuotes: false },
  Int: {
    write: (value) => (typeof value === 'number' && (value | 0) === value ? String(value) : unexpected()),
    inQuotes: false,
  },
  DateTime: { write: (value) => (typeof value === 'number' ? instant(value) : unexpected()), inQuotes: true },
};

function unexpected(): never {
  throw new UnexpectedValueError();
}

function isConnectionField(name: string): name is keyof EnvironmentAccountConnection {
  return Object.hasOwn(CONNECTION_FIELDS, name);
}

/** Text that JSON writes as it is: no quote, backslash, control character or surrogate. */
// eslint-disable-next-line no-control-regex -- JSON escapes them
const PLAIN = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;

/** A string between its quotes, as `JSON.stringify` writes it. */
function escaped(value: string): string {
  return PLAIN.test(value) ? value : JSON.stringify(value).slice(1, -1);
}

const DAY_MS = 86_400_000;
/** Between these instants a year has four digits and no sign. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

let knownDay = NaN;
let dateOfKnownDay = '';
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/**
 * An instant, as `Date.toISOString` writes it. It remembers the last day, because a list is sorted by time.
 * @param ms milliseconds since 1970-01-01T00:00:00Z
 * @throws RangeError for what is no time
 */
function instant(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < FIRST_MS || ms > LAST_MS) return new Date(ms).toISOString();
  const day = Math.floor(ms / DAY_MS);
  if (day !== knownDay) {
    knownDay = day;
    dateOfKnownDay = new Date(ms).toISOString().slice(0, 11);
  }
  const seconds = Math.floor((ms - day * DAY_MS) / 1_000);
  const hour = Math.floor(seconds / 3_600);
  const minute = Math.floor(seconds / 60) - hour * 60;
  const fraction = String(ms - day * DAY_MS - seconds * 1_000).padStart(3, '0');
  return `${dateOfKnownDay}${TWO_DIGITS[hour] ?? ''}:${TWO_DIGITS[minute] ?? ''}:${TWO_DIGITS[seconds % 60] ?? ''}.${fraction}Z`;
}

/** A list of tags that `JSON.stringify` has written, in which no text is escaped. */
const CANONICAL_TAGS =
  // eslint-disable-next-line no-control-regex -- JSON escapes them
  /^\[(?:\{"key":"[^"\\\u0000-\u001f\ud800-\udfff]*","value":"[^"\\\u0000-\u001f\ud800-\udfff]*"\}(?:,(?=\{)|(?=\])))*\]$/;

/** Whether stored tags can be sent as they are to a client that selects `key` and `value`. */
function areCanonicalTags(json: string): boolean {
  return json === '[]' || CANONICAL_TAGS.test(json);
}
