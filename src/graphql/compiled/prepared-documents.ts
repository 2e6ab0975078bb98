import {
  type DocumentNode,
  type FragmentDefinitionNode,
  coerceInputValue,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  print,
  typeFromAST,
  valueFromAST,
  visit,
} from 'graphql';

import { recordCalls } from '../../proton/instrument-session';
import { type MaybePromise, whenDone } from '../../proton/proton-service';
import type { GraphqlContext } from '../graphql-context';
import type { DescribedOperation, OperationLimits } from '../limits/operation-limits';
import { compileOperation, type CompiledOperation } from './compiled-operation';
import { checkConnectionFields, LateFieldError, Selection, UnsupportedOperationError } from './writers';

/** A document is prepared when Apollo Server has parsed, validated and executed it without an error. */
export interface PreparedDocument {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Executes documents that Apollo Server has executed before, without parsing and validating them again. */
export interface PreparedDocuments {
  readonly add: (query: string, operationName: string | null | undefined, document: PreparedDocument) => void;
  /**
   * Executes the JSON body of a POST request, with the same checks as Apollo Server.
   * @returns the response body; or the context for Apollo Server, which must respond because the document is not prepared or something
   * about the request is unusual. Over that context, calls that were already made are not repeated.
   */
  readonly execute: (body: unknown, context: GraphqlContext) => MaybePromise<string | GraphqlContext>;
}

/** Bounds of what is kept. The fields of plans count as characters, too: about as much memory. */
const MAX_DOCUMENTS = 500;
const MAX_DOCUMENT_LENGTH = 20_000;
const MAX_CHARACTERS = 1_000_000;
const CHARACTERS_PER_FIELD = 64;
/** Plans of one document. */
const MAX_PLANS = 4;

/** @throws Error if the schema has a field that the compiled operations don't know */
export function createPreparedDocuments(schema: GraphQLSchema, limits: OperationLimits): PreparedDocuments {
  checkConnectionFields(schema);
  const entries = new RecentEntries<() => Entry>();

  function createEntry(document: DocumentNode, operation: OperationDefinitionNode): Entry {
    return {
      operation,
      fragments: fragmentsOf(document),
      described: limits.describe(document, operation),
      conditions: conditionsOf(document),
      coerce: variableCoercer(schema, operation),
      plans: new Map(),
    };
  }

  /** Undefined if Apollo Server must execute the operation. */
  function planOf(entry: Entry, values: Record<string, unknown>): CompiledOperation | undefined {
    const { plans } = entry;
    if (plans === 'by Apollo Server') return undefined;
    const key = entry.conditions.map((name) => String(values[name])).join();
    let plan = plans.get(key);
    if (plan === undefined) {
      plan = compile(entry, values);
      if (plans.size >= MAX_PLANS) plans.clear();
      plans.set(key, plan);
    }
    return plan ?? undefined;
  }

  function compile(
    { operation, fragments }: Entry,
    values: Record<string, unknown>,
  ): CompiledOperation | null {
    const selection = new Selection(schema, fragments, operation, values);
    try {
      return compileOperation(selection);
    } catch (error) {
      if (error instanceof UnsupportedOperationError) return null;
      throw error;
    } finally {
      entries.charge(selection.size * CHARACTERS_PER_FIELD);
    }
  }

  /** Undefined if Apollo Server must execute the operation, or say what is wrong with its variables. */
  function checked(entry: Entry, given: Readonly<Record<string, unknown>>) {
    try {
      const cost = limits.check(entry.described, given);
      const values = entry.coerce(given);
      const plan = planOf(entry, values);
      return plan && { plan, values, cost };
    } catch {
      return undefined;
    }
  }

  return {
    add(query, operationName, { document, operation }) {
      const key = keyOf(query, operationName);
      if (key.length > MAX_DOCUMENT_LENGTH || entries.get(key)) return;
      let entry: Entry | undefined;
      // Created at the second request: many documents are sent only once.
      entries.set(key, () => (entry ??= createEntry(document, operation)));
    },

    execute(body, context) {
      const request = requestIn(body);
      const entry = request && entries.get(keyOf(request.query, request.operationName))?.();
      if (!entry) return context;
      const admissible = checked(entry, request.variables ?? {});
      if (!admissible) return context;
      const { plan, values, cost } = admissible;
      const { record } = context;
      record.operation = entry.described.label;
      record.operationName = entry.described.name;
      try {
        const response = whenDone(context.admit(cost), () => run(entry, plan, values, context));
        // Apollo Server sends the refusal.
        return response instanceof Promise ? response.catch(() => context) : response;
      } catch {
        return context;
      }
    },
  };
}

/** @returns the response's text, or the context with which Apollo Server must execute the operation */
function run(
  entry: Entry,
  plan: CompiledOperation,
  values: Record<string, unknown>,
  context: GraphqlContext,
): MaybePromise<string | GraphqlContext> {
  const { record } = context;
  // Not before the request's turn: V8 moves objects of waiting requests to its old generation, where they would keep the rows alive.
  const { recording, replay } = recordCalls(context.session);
  const leaveToApollo = (error: unknown): GraphqlContext => {
    record.isCompiled = false;
    // The back end has no complete rows, so each request would be executed twice.
    if (error instanceof LateFieldError) entry.plans = 'by Apollo Server';
    return context.over(replay());
  };
  record.isCompiled = true;
  try {
    const response = plan(values, recording, context);
    return response instanceof Promise ? response.catch(leaveToApollo) : response;
  } catch (error) {
    return leaveToApollo(error);
  }
}

interface Entry {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly described: DescribedOperation;
  /** Coerces the variables of a request. @throws an error for values that Apollo Server must reject */
  readonly coerce: (given: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Variables that decide what is selected. */
  readonly conditions: readonly string[];
  /** By the values of the conditions; null if Apollo Server must execute the operation with these. */
  plans: Map<string, CompiledOperation | null> | 'by Apollo Server';
}

interface GraphqlRequest {
  readonly query: string;
  readonly operationName: string | null | undefined;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
}

/** Undefined for a body with other members, or with values that Apollo Server must reject. */
function requestIn(body: unknown): GraphqlRequest | undefined {
  if (!isObject(body)) return undefined;
  for (const name in body) {
    if (name !== 'query' && name !== 'variables' && name !== 'operationName') return undefined;
  }
  const { query, operationName, variables } = body;
  // NUL separates name and text in keys, and no valid document contains it.
  if (typeof query !== 'string' || query.includes('\0')) return undefined;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    return undefined;
  if (variables !== undefined && variables !== null && !isObject(variables)) return undefined;
  return { query, operationName, variables };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keyOf(query: string, operationName: string | null | undefined): string {
  return operationName ? `${operationName}\0${query}` : query;
}

/** As `getVariableValues` of graphql-js, which looks each type up again for each request. */
function variableCoercer(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): Entry['coerce'] {
  const definitions = variableDefinitions.map(({ variable, type: typeNode, defaultValue }) => {
    const type = typeFromAST(schema, typeNode as NamedTypeNode);
    if (!isInputType(type)) throw new Error(`a valid document has a variable of the type ${print(typeNode)}`);
    const name = variable.name.value;
    const fallback = defaultValue && valueFromAST(defaultValue, type);
    return { name, coerce: inputCoercer(type), isRequired: isNonNullType(type), fallback };
  });
  return (given) => {
    // Without a prototype: a variable may be called `__proto__` or `toString`.
    const values = Object.create(null) as Record<string, unknown>;
    for (const { name, coerce, isRequired, fallback } of definitions) {
      if (Object.hasOwn(given, name)) values[name] = coerce(given[name]);
      else if (fallback !== undefined) values[name] = fallback;
      else if (isRequired) throw new Error(`the variable ${name} is missing`);
    }
    return values;
  };
}

/** @throws an error for a value that is not of the type */
type Coerce = (value: unknown) => unknown;

/** As `coerceInputValue`, for values from JSON. The function of graphql-js looks up the type of each value again. */
function inputCoercer(type: GraphQLInputType, known = new Map<GraphQLInputType, Coerce>()): Coerce {
  if (isNonNullType(type)) {
    const coerce = inputCoercer(type.ofType, known);
    return (value) => (value === null ? reject(type) : coerce(value));
  }
  const coerce = known.get(type) ?? nullableCoercer(type, known);
  return (value) => (value === null ? null : coerce(value));
}

function nullableCoercer(type: GraphQLInputType, known: Map<GraphQLInputType, Coerce>): Coerce {
  if (isListType(type)) {
    const coerceItem = inputCoercer(type.ofType, known);
    return (value) => (Array.isArray(value) ? value.map(coerceItem) : [coerceItem(value)]);
  }
  if (isLeafType(type)) {
    return (value) => {
      const coerced: unknown = type.parseValue(value);
      return coerced === undefined ? reject(type) : coerced;
    };
  }
  // `@oneOf` has rules of its own.
  if (!isInputObjectType(type) || type.isOneOf) return (value) => coerceInputValue(value, type);
  const names = type.getFields();
  const coerce: Coerce = (value) => {
    if (!isObject(value)) return reject(type);
    for (const name in value) if (!Object.hasOwn(names, name)) reject(type);
    const coerced: Record<string, unknown> = {};
    for (const { name, coerceField, defaultValue, isRequired } of fields) {
      const given = value[name];
      if (given !== undefined) coerced[name] = coerceField(given);
      else if (defaultValue !== undefined) coerced[name] = defaultValue;
      else if (isRequired) reject(type);
    }
    return coerced;
  };
  // Before its fields: a type can contain itself.
  known.set(type, coerce);
  const fields = Object.values(names).map((field) => ({
    name: field.name,
    coerceField: inputCoercer(field.type, known),
    defaultValue: field.defaultValue,
    isRequired: isNonNullType(field.type),
  }));
  return coerce;
}

function reject(type: GraphQLInputType): never {
  throw new Error(`a value is not of the type ${String(type)}`);
}

function conditionsOf(document: DocumentNode): readonly string[] {
  const conditions = new Set<string>();
  visit(document, {
    Directive({ name, arguments: given = [] }) {
      if (name.value !== 'skip' && name.value !== 'include') return;
      for (const { value } of given) if (value.kind === Kind.VARIABLE) conditions.add(value.name.value);
    },
  });
  return [...conditions];
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

/**
 * The entries that were used most recently. Full, the newer half becomes the older half, and what was not used since then is dropped:
 * moving an entry at each use would cost more.
 */
class RecentEntries<Entry> {
  private newer = new Map<string, Entry>();
  private older = new Map<string, Entry>();
  private characters = 0;

  get(key: string): Entry | undefined {
    const entry = this.newer.get(key);
    if (entry) return entry;
    const older = this.older.get(key);
    if (older) this.set(key, older);
    return older;
  }

  set(key: string, entry: Entry): void {
    if (this.newer.size >= MAX_DOCUMENTS / 2 || this.characters + key.length > MAX_CHARACTERS / 2) {
      this.older = this.newer;
      this.newer = new Map();
      this.characters = 0;
    }
    this.newer.set(key, entry);
    this.characters += key.length;
  }

  /** Counts what belongs to an entry and was added later. */
  charge(characters: number): void {
    this.characters += characters;
  }
}
