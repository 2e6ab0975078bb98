import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** Returns numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface RandomOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
}

/** Values that exist in the store. Others are made up, so that operations also find nothing. */
export interface KnownValues {
  readonly ids: readonly string[];
  readonly arns: readonly string[];
  readonly cursors: readonly string[];
  readonly accounts: readonly string[];
}

const MAX_DEPTH = 5;
/** Fields with resolvers of their own. */
const RESOLVED: ReadonlySet<string> = new Set([
  'history',
  'viewerActions',
  'trustPolicies',
  'environmentAccountConnectionViewer',
  'environmentAccountConnectionOverview',
  'environmentAccountConnectionTrustPolicies',
  'environmentAccountConnections',
  '__schema',
  '__type',
]);
/** As a root field, it is not resolved by Apollo Server alone. */
const LIST = 'environmentAccountConnections';
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

/** Writes valid documents over every field, argument, directive, alias and kind of fragment of a schema, with values for their variables. */
export class RandomOperations {
  private variables: Record<string, unknown> = {};
  private definitions: string[] = [];
  private fragments: string[] = [];
  private serial = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly random: () => number,
    private readonly known: KnownValues,
  ) {}

  next(): RandomOperation {
    this.variables = {};
    this.definitions = [];
    this.fragments = [];
    const isMutation = this.chance(0.25);
    const root = isMutation ? this.schema.getMutationType() : this.schema.getQueryType();
    if (!root) throw new Error('the schema has no such type');
    const selection = isMutation ? this.mutationSelection(root) : this.selection(root, 0);
    const name = this.chance(0.5) ? ` Operation${String(this.integer(3))}` : '';
    const variables = this.definitions.length === 0 ? '' : `(${this.definitions.join(', ')})`;
    const operation = `${isMutation ? 'mutation' : 'query'}${name}${variables} ${selection}`;
    const query = [operation, ...this.fragments].join('\n');
    return name !== '' && this.chance(0.3)
      ? { query, variables: this.variables, operationName: name.trim() }
      : { query, variables: this.variables };
  }

  /** The operation with one value in its variables replaced, removed or added: mostly by one that is not of its type. */
  withOtherVariables(operation: RandomOperation): RandomOperation {
    return { ...operation, variables: this.distorted(operation.variables) as RandomOperation['variables'] };
  }

  private distorted(value: unknown, isInner = false): unknown {
    if (Array.isArray(value) && value.length > 0 && this.chance(0.8)) {
      const index = this.integer(value.length);
      return value.map((item: unknown, at) => (at === index ? this.distorted(item, true) : item));
    }
    if (
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      (!isInner || this.chance(0.8))
    ) {
      const name = this.pick([...Object.keys(value), 'unknown']);
      const { [name]: inner, ...others } = value as Record<string, unknown>;
      return this.chance(0.15) ? others : { ...others, [name]: this.distorted(inner, true) };
    }
    return this.pick([null, 5, 1.5, 2 ** 40, true, '', 'text', 'PENDING', [], [value], {}, { key: 'text' }]);
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private integer(below: number): number {
    return Math.floor(this.random() * below);
  }

  private pick<Value>(values: readonly Value[]): Value {
    const value = values[this.integer(values.length)];
    if (value === undefined) throw new Error('there is nothing to pick from');
    return value;
  }

  private newName(prefix: string): string {
    this.serial += 1;
    return `${prefix}${String(this.serial)}`;
  }

  /** Mostly one mutation: two are for Apollo Server. */
  private mutationSelection(root: GraphQLObjectType): string {
    const names = Object.keys(root.getFields());
    const selected = this.chance(0.9) ? [this.pick(names)] : [this.pick(names), this.pick(names)];
    return `{ ${selected.map((name) => this.field(root, name, 0)).join(' ')} }`;
  }

  private selection(type: GraphQLNamedType, depth: number): string {
    const count = 1 + this.integer(depth === 0 ? 2 : 5);
    return `{ ${Array.from({ length: count }, () => this.selected(type, depth)).join(' ')} }`;
  }

  private selected(type: GraphQLNamedType, depth: number): string {
    if (this.chance(0.1)) return `__typename${this.directives()}`;
    if (isAbstractType(type)) return this.fragment(this.pick(this.schema.getPossibleTypes(type)), depth);
    if (this.chance(0.15)) return this.fragment(type, depth);
    if (!isObjectType(type)) return '__typename';
    const names = Object.keys(type.getFields()).filter((name) => {
      const field = type.getFields()[name];
      return (
        field && name !== '_service' && (depth < MAX_DEPTH || !isCompositeType(getNamedType(field.type)))
      );
    });
    if (names.length === 0) return '__typename';
    // Rarer, because Apollo Server executes everything else in such a document as well.
    const common = names.filter((name) => !RESOLVED.has(name) || (depth === 0 && name === LIST));
    return this.field(type, this.pick(common.length > 0 && this.chance(0.9) ? common : names), depth);
  }

  private field(type: GraphQLObjectType, name: string, depth: number): string {
    const field = type.getFields()[name];
    if (!field) throw new Error(`${type.name} has no ${name}`);
    const inner = getNamedType(field.type);
    const values = field.args.flatMap((argument) => this.argument(argument));
    const given = values.length === 0 ? '' : `(${values.join(', ')})`;
    // Two fields of one key must have equal arguments.
    const isAliased = given !== '' || this.chance(0.2);
    const alias = isAliased ? `${this.newName('a')}: ` : '';
    return `${alias}${name}${given}${this.directives()}${isCompositeType(inner) ? ` ${this.selection(inner, depth + 1)}` : ''}`;
  }

  private fragment(type: GraphQLNamedType, depth: number): string {
    const selection = this.selection(type, depth);
    if (this.chance(0.6)) {
      const condition = isAbstractType(type) || this.chance(0.7) || depth === 0 ? ` on ${type.name}` : '';
      return `...${condition}${this.directives()} ${selection}`;
    }
    const name = this.newName('F');
    this.fragments.push(`fragment ${name} on ${type.name} ${selection}`);
    return `...${name}${this.directives()}`;
  }

  private directives(): string {
    if (!this.chance(0.12)) return '';
    const name = this.pick(['skip', 'include']);
    const value = this.chance(0.7);
    const condition = this.chance(0.5) ? String(value) : this.variable('Boolean!', value);
    return ` @${name}(if: ${condition})`;
  }

  private argument(argument: GraphQLArgument): string[] {
    const { name, type } = argument;
    if (!isNonNullType(type) && this.chance(name === 'after' ? 0.9 : 0.4)) return [];
    const value = this.valueOf(type, name);
    const text = this.chance(0.6) ? this.variable(String(type), value) : literal(value, type);
    return [`${name}: ${text}`];
  }

  private variable(type: string, value: unknown): string {
    const name = this.newName('v');
    const hasDefault = !type.endsWith('!') && this.chance(0.1);
    this.definitions.push(`$${name}: ${type}${hasDefault ? ' = null' : ''}`);
    if (!hasDefault || this.chance(0.5)) this.variables[name] = value;
    return `$${name}`;
  }

  private valueOf(type: GraphQLInputType, name: string): unknown {
    if (isNonNullType(type)) return this.nonNullValueOf(type.ofType, name);
    return this.chance(0.1) ? null : this.nonNullValueOf(type, name);
  }

  private nonNullValueOf(type: GraphQLInputType, name: string): unknown {
    if (isListType(type)) {
      const length = name === 'representations' ? this.integer(6) : this.integer(3);
      return Array.from({ length }, () => this.valueOf(type.ofType, name));
    }
    if (isInputObjectType(type)) {
      const entries = Object.values(type.getFields()).flatMap((field) =>
        isNonNullType(field.type) || this.chance(0.35)
          ? [[field.name, this.valueOf(field.type, field.name)]]
          : [],
      );
      return Object.fromEntries(entries) as unknown;
    }
    if (isEnumType(type)) return this.pick(type.getValues()).name;
    return this.scalar(type.name, name);
  }

  private scalar(type: string, name: string): unknown {
    if (type === '_Any') return this.representation();
    if (type === 'Int') return this.pick([1, 2, 3, 20, 100, ...(this.chance(0.1) ? [0, 101, -1] : [])]);
    if (type === 'Boolean') return this.chance(0.5);
    const { ids, arns, cursors, accounts } = this.known;
    if (/account/i.test(name)) return this.pick([...accounts, this.chance(0.1) ? '12' : this.pick(accounts)]);
    switch (name) {
      case 'id':
        return this.chance(0.85) ? this.pick(ids) : this.pick([UNKNOWN_ID, '', 'x', this.pick(arns)]);
      case 'arn':
        return this.chance(0.85) ? this.pick(arns) : this.pick(['', 'arn:x', this.pick(ids)]);
      case 'after':
        return this.chance(0.85) ? this.pick(cursors) : 'no cursor';
      case 'region':
        return this.pick(['us-east-1', 'eu-central-1', 'nowhere']);
      case 'environmentName':
        return this.chance(0.8)
          ? `environment-${String(this.integer(40))}`
          : this.pick(['', 'a b', 'é', '"\\']);
      case 'environmentNamePrefix':
        return this.pick(['', 'environment-', 'environment-1', 'environment_', '%', 'é']);
      case 'provisionerRole':
      case 'codebuildProject':
        return this.pick(['deployer', 'deployer', '*']);
      case 'clientToken':
        return `token-${String(this.integer(5))}`;
      case 'key':
      case 'tagKeys':
        return this.pick(['team', 'stage', 'a b', 'cost:center', ...(this.chance(0.1) ? ['', 'aws:x'] : [])]);
      case 'value':
        return this.pick(['', 'payments', 'a / b', 'x'.repeat(20)]);
      default:
        return /rolearn/i.test(name)
          ? `arn:aws:iam::${this.pick(accounts)}:role/${this.pick(['provision', 'path/deploy'])}`
          : 'text';
    }
  }

  private representation(): unknown {
    const { ids, arns, accounts } = this.known;
    const connection = 'EnvironmentAccountConnection';
    return this.pick<() => unknown>([
      () => ({ __typename: connection, id: this.pick(ids) }),
      () => ({ __typename: connection, id: this.pick(ids) }),
      () => ({ __typename: connection, arn: this.pick(arns) }),
      () => ({ __typename: connection, id: this.pick(ids), arn: this.pick(arns) }),
      () => ({ __typename: connection, id: this.pick([UNKNOWN_ID, '', this.pick(arns)]) }),
      () => ({ __typename: 'AwsAccount', id: this.pick([...accounts, 'x']) }),
      () =>
        this.chance(0.1)
          ? { __typename: 'Unknown' }
          : { __typename: connection, id: this.pick(ids), region: 'x' },
      () => ({ __typename: connection, id: this.chance(0.2) ? 5 : this.pick(ids), arn: null }),
    ])();
  }
}

/** A value as GraphQL writes it in a document. */
function literal(value: unknown, type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(value, type.ofType);
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) {
    const inner = isListType(type) ? type.ofType : type;
    return `[${value.map((item) => literal(item, inner)).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const fields = isInputObjectType(type) ? type.getFields() : {};
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${name}: ${literal(inner, fields[name]?.type ?? type)}`)
      .join(', ')} }`;
  }
  return isEnumType(type) && typeof value === 'string' ? value : JSON.stringify(value);
}
