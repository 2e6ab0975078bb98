import { createHash } from 'node:crypto';

import { collectFields } from 'graphql/execution/collectFields';
import {
  type DocumentNode,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';

import { normalizeSelection, type NormalizedSelection } from '../../proton/page';
import type { StatusChangedArgs } from '../../subgraph/connection/status-changes';
import { extensionCodeOf, toFormatted, withoutNotice, type FormatError } from '../format-error';
import type { DocumentChecks } from '../limits/document-checks';
import type { OperationLimits } from '../limits/operation-limits';

/** A subscription as a client asks for it. */
export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A subscription whose document and variables are valid and within the limits. */
export interface AcceptedSubscription {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** As they were sent. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** The changes that it is about. */
  readonly selection: NormalizedSelection;
  /** Equal for subscriptions with the same document and variables. */
  readonly key: string;
  /** What an event costs, in the units of the document limits. */
  readonly cost: number;
  /** The root field, for metrics and the log. */
  readonly label: string;
  /** The operation's name in the document. */
  readonly name: string | undefined;
}

/** The document or its variables are refused, or the subscription can't start. */
export class SubscriptionRefused extends Error {
  override readonly name = 'SubscriptionRefused';

  constructor(readonly errors: readonly GraphQLFormattedError[]) {
    super(errors[0]?.message);
  }

  /** The code of the first error. */
  get code(): string {
    return extensionCodeOf(this.errors[0]) ?? 'INTERNAL_SERVER_ERROR';
  }
}

export interface AcceptOptions {
  readonly schema: GraphQLSchema;
  readonly checks: DocumentChecks;
  readonly limits: OperationLimits;
  readonly formatError: FormatError;
}

/** Documents that are kept with the result of their validation: clients that connect again send the same ones. */
const MAX_DOCUMENTS = 100;
const MAX_DOCUMENT_LENGTH = 20_000;

const FIELD = 'environmentAccountConnectionStatusChanged';

/**
 * Creates the function that checks subscriptions as Apollo Server checks the documents of HTTP requests, with the same limits.
 * It throws a SubscriptionRefused.
 */
export function createAcceptance({
  schema,
  checks,
  limits,
  formatError,
}: AcceptOptions): (request: SubscriptionRequest) => AcceptedSubscription {
  const { root, field } = subscriptionOf(schema);
  const documents = new Map<string, DocumentNode>();

  function refused(errors: readonly GraphQLError[], code: string): SubscriptionRefused {
    return new SubscriptionRefused(
      withoutNotice(errors, checks.maxErrors).map((error) => formatError(toFormatted(error, code), error)),
    );
  }

  /** Runs one check. What it throws is the client's mistake, with this code unless it has one. */
  function checked<Result>(code: string, check: () => Result): Result {
    try {
      return check();
    } catch (error) {
      throw error instanceof GraphQLError ? refused([error], code) : error;
    }
  }

  function documentOf(query: string): DocumentNode {
    const known = documents.get(query);
    if (known) return known;
    const document = checked('GRAPHQL_PARSE_FAILED', () => parse(query, { maxTokens: checks.maxTokens }));
    const errors = validate(schema, document, [...specifiedRules, ...checks.rules], {
      maxErrors: checks.maxErrors,
      hideSuggestions: checks.hideSuggestions,
    });
    if (errors.length > 0) throw refused(errors, 'GRAPHQL_VALIDATION_FAILED');
    if (documents.size === MAX_DOCUMENTS) documents.clear();
    if (query.length <= MAX_DOCUMENT_LENGTH) documents.set(query, document);
    return document;
  }

  function selectionOf(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
  ): NormalizedSelection {
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
      maxErrors: checks.maxErrors,
    });
    if (errors) throw refused(errors, 'BAD_USER_INPUT');
    const selected = collectFields(schema, fragmentsOf(document), coerced, root, operation.selectionSet);
    const [node] = selected.values().next().value ?? [];
    if (!node) throw refused([new GraphQLError('The subscription selects no field.')], 'BAD_USER_INPUT');
    const { filter } = checked('BAD_USER_INPUT', () =>
      getArgumentValues(field, node, coerced),
    ) as StatusChangedArgs;
    return normalizeSelection({ filter });
  }

  return ({ query, operationName, variables }) => {
    const given = variables ?? {};
    const name = operationName ?? undefined;
    const document = documentOf(query);
    const operation = getOperationAST(document, name);
    if (!operation) throw refused([new GraphQLError(UNKNOWN_OPERATION)], 'OPERATION_RESOLUTION_FAILURE');
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      throw refused([new GraphQLError(ONLY_SUBSCRIPTIONS)], 'BAD_REQUEST');
    }
    const described = checked('BAD_USER_INPUT', () => limits.describe(document, operation));
    const cost = checked('BAD_USER_INPUT', () => limits.check(described, given));
    return {
      document,
      operationName: name,
      variables: given,
      selection: selectionOf(document, operation, given),
      key: createHash('sha256')
        .update(JSON.stringify([query, name, given]))
        .digest('base64'),
      cost,
      label: described.label,
      name: described.name,
    };
  };
}

/** There is one source of events, so there is one field. */
function subscriptionOf(schema: GraphQLSchema) {
  const root = schema.getSubscriptionType();
  const fields = root?.getFields() ?? {};
  const field = fields[FIELD];
  if (!root || !field || Object.keys(fields).length > 1) throw new Error(`the only subscription is ${FIELD}`);
  return { root, field };
}

const UNKNOWN_OPERATION = 'The document has no operation with that name, or several and none is named.';
const ONLY_SUBSCRIPTIONS =
  'This transport is for subscriptions. Send queries and mutations as HTTP requests to the same URL.';

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  return Object.fromEntries(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
}
