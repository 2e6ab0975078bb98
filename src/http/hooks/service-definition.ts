import type { FastifyRequest } from 'fastify';
import { Kind, OperationTypeNode, parse, type DocumentNode, type SelectionNode } from 'graphql';

/** A query for the service definition has about ten tokens. */
const MAX_TOKENS = 100;

/**
 * Whether a request queries `_service { sdl }` and nothing else, as gateways do when they compose their supergraph. Queries with
 * fragments or directives do not count, so that the check stays simple and safe.
 */
export function asksForServiceDefinition(request: FastifyRequest): boolean {
  const query = queryOf(request);
  if (query === undefined) return false;
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: MAX_TOKENS, noLocation: true });
  } catch {
    return false;
  }
  const [operation, ...others] = document.definitions;
  return (
    others.length === 0 &&
    operation?.kind === Kind.OPERATION_DEFINITION &&
    operation.operation === OperationTypeNode.QUERY &&
    isPlain(operation) &&
    operation.selectionSet.selections.every(isServiceField)
  );
}

/** The document that Apollo Server would execute. */
function queryOf({ method, body, url }: FastifyRequest): string | undefined {
  if (method === 'POST') {
    const isObject = typeof body === 'object' && body !== null;
    return isObject && 'query' in body && typeof body.query === 'string' ? body.query : undefined;
  }
  const start = url.indexOf('?');
  const queries = start === -1 ? [] : new URLSearchParams(url.slice(start)).getAll('query');
  return queries.length === 1 ? queries[0] : undefined;
}

function isServiceField(selection: SelectionNode): boolean {
  if (isTypename(selection)) return true;
  if (selection.kind !== Kind.FIELD || selection.name.value !== '_service') return false;
  const fields = selection.selectionSet?.selections ?? [];
  return isPlain(selection) && fields.every((field) => isTypename(field) || isLeaf(field, 'sdl'));
}

function isTypename(selection: SelectionNode): boolean {
  return isLeaf(selection, '__typename');
}

function isLeaf(selection: SelectionNode, name: string): boolean {
  return (
    selection.kind === Kind.FIELD &&
    selection.name.value === name &&
    selection.selectionSet === undefined &&
    isPlain(selection)
  );
}

function isPlain({ directives = [] }: { readonly directives?: readonly unknown[] }): boolean {
  return directives.length === 0;
}
