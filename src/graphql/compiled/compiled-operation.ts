import { setImmediate as nextTurn } from 'node:timers/promises';

import { type FieldNode, type GraphQLField, OperationTypeNode } from 'graphql';

import type { ConnectionView } from '../../proton/connection';
import type { ConnectionReference } from '../../proton/identifiers';
import type { ConnectionListRequest, Page } from '../../proton/page';
import { type MaybePromise, type ProtonSession, whenDone } from '../../proton/proton-service';
import { resolveAccountReference } from '../../subgraph/account/aws-account';
import type { GraphqlContext } from '../graphql-context';
import { toGraphQLPage } from '../../subgraph/pagination';
import {
  isNamedBy,
  referenceOf,
  type Representation,
} from '../../subgraph/connection/environment-account-connection';
import {
  argumentReader,
  nameOf,
  type Selection,
  UnexpectedValueError,
  UnsupportedOperationError,
  type Writer,
} from './writers';

type Variables = Record<string, unknown>;

/** Executes an operation over a session of its request, and returns the response body. Throws or rejects where Apollo Server must respond. */
export type CompiledOperation = (
  variables: Variables,
  session: ProtonSession,
  context: GraphqlContext,
) => MaybePromise<string>;

/** @throws UnsupportedOperationError for a selection that only Apollo Server can execute */
export function compileOperation(selection: Selection): CompiledOperation {
  return selection.type === OperationTypeNode.MUTATION ? compileMutation(selection) : compileQuery(selection);
}

/** All reads of a query: one call on the session for each kind, as the loaders would make. */
class Reads {
  private finds: ConnectionReads | undefined;
  private lists: ListReads | undefined;

  /** @returns the connection's index for `connection` */
  find(reference: ConnectionReference): number {
    return (this.finds ??= new ConnectionReads()).add(reference);
  }

  /** @returns the page's index for `page` */
  list(request: ConnectionListRequest, isCounted: boolean): number {
    return (this.lists ??= new ListReads()).add(request, isCounted);
  }

  /** Calls `next` when everything has been read. */
  run<Result>(session: ProtonSession, next: () => MaybePromise<Result>): MaybePromise<Result> {
    // Both are called before either is awaited, as by the loaders of one tick.
    const found = this.finds?.run(session);
    // If the second call throws, the failure of the first one is not awaited.
    if (found instanceof Promise) found.catch(() => undefined);
    const listed = this.lists?.run(session);
    return found instanceof Promise || listed instanceof Promise
      ? Promise.all([found, listed]).then(next)
      : next();
  }

  connection(index: number): ConnectionView | undefined {
    return this.finds?.connections[index];
  }

  page(index: number): object {
    const page = this.lists?.page(index);
    if (!page) throw new UnexpectedValueError();
    return page;
  }
}

class ConnectionReads {
  private readonly references: ConnectionReference[] = [];
  private idIndexes: Map<string, number> | undefined;
  private arnIndexes: Map<string, number> | undefined;
  connections: readonly (ConnectionView | undefined)[] = [];

  add(reference: ConnectionReference): number {
    const [indexes, key] =
      'arn' in reference
        ? [(this.arnIndexes ??= new Map<string, number>()), reference.arn]
        : [(this.idIndexes ??= new Map<string, number>()), reference.id];
    const known = indexes.get(key);
    if (known !== undefined) return known;
    const index = this.references.push(reference) - 1;
    indexes.set(key, index);
    return index;
  }

  run(session: ProtonSession): MaybePromise<void> {
    return whenDone(session.findConnections(this.references), (connections) => {
      this.connections = withoutErrors(connections);
    });
  }
}

class ListReads {
  private readonly requests: ConnectionListRequest[] = [];
  private readonly indexes = new Map<string, number>();
  private readonly counted = new Set<number>();
  private readonly counts = new Map<number, number | null>();
  private pages: readonly Page<ConnectionView>[] = [];

  add(request: ConnectionListRequest, isCounted: boolean): number {
    const key = JSON.stringify(request);
    const index = this.indexes.get(key) ?? this.requests.push(request) - 1;
    this.indexes.set(key, index);
    if (isCounted) this.counted.add(index);
    return index;
  }

  run(session: ProtonSession): MaybePromise<void> {
    return whenDone(session.listConnections(this.requests), (pages) => {
      this.pages = withoutErrors(pages);
      return this.count(session);
    });
  }

  page(index: number): object | undefined {
    const page = this.pages[index];
    const totalCount = this.counts.get(index);
    return (
      page &&
      Object.assign(
        toGraphQLPage(page, (connection) => connection),
        { totalCount },
      )
    );
  }

  /** Lists with the same filter have the same count, also if they select different pages. */
  private count(session: ProtonSession): MaybePromise<void> {
    if (this.counted.size === 0) return undefined;
    const keys: string[] = [];
    const selections = new Map<string, Pick<ConnectionListRequest, 'filter'>>();
    for (const index of this.counted) {
      const filter = this.requests[index]?.filter;
      const key = JSON.stringify({ filter });
      keys.push(key);
      if (!selections.has(key)) selections.set(key, { filter });
    }
    return whenDone(session.countConnections([...selections.values()]), (counted) => {
      const counts = withoutErrors(counted);
      const countOf = new Map([...selections.keys()].map((key, index) => [key, counts[index]]));
      [...this.counted].forEach((list, index) => {
        this.counts.set(list, countOf.get(keys[index] ?? '') ?? null);
      });
    });
  }
}

function withoutErrors<Value>(results: readonly (Value | Error)[]): readonly Value[] {
  for (const result of results) if (result instanceof Error) throw new UnexpectedValueError();
  return results as readonly Value[];
}

/** Requests what a root field needs. Returns a function that appends the field's value to texts, once all reads are done. */
type Root = (variables: Variables, reads: Reads) => WriteRoot;
type WriteRoot = (texts: string[]) => void;

const ROOTS: Readonly<
  Record<
    string,
    (selection: Selection, field: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[]) => Root
  >
> = {
  environmentAccountConnection: (selection, field, nodes) =>
    connectionRoot(selection, field, nodes, (given) => ({ id: given['id'] as string })),
  environmentAccountConnectionByArn: (selection, field, nodes) =>
    connectionRoot(selection, field, nodes, (given) => ({ arn: given['arn'] as string })),
  environmentAccountConnections: listRoot,
  _entities: entitiesRoot,
};

function compileQuery(selection: Selection): CompiledOperation {
  const heads: string[] = [];
  const roots: Root[] = [];
  for (const [key, field, nodes] of selection.rootFields()) {
    heads.push(`${heads.length === 0 ? '{"data":{' : ','}${JSON.stringify(key)}:`);
    const name = nameOf(nodes);
    if (name === '__typename') roots.push(() => (texts) => texts.push('"Query"'));
    else {
      const root = Object.hasOwn(ROOTS, name) ? ROOTS[name] : undefined;
      if (!field || !root) throw new UnsupportedOperationError();
      roots.push(root(selection, field, nodes));
    }
  }
  if (roots.length === 0) throw new UnsupportedOperationError();
  return (variables, session) => {
    const reads = new Reads();
    const writes = roots.map((root) => root(variables, reads));
    return reads.run(session, () => writeRoots(heads, writes, 0, []));
  };
}

/** How long root fields are written before other requests have a turn, in milliseconds. The last one may exceed it. */
const TURN_MS = 5;

/**
 * Does not stop when the request is over: the limits of documents bound what is left.
 * @param first the root field to go on with, after `texts`
 */
function writeRoots(
  heads: readonly string[],
  writes: readonly WriteRoot[],
  first: number,
  texts: string[],
): MaybePromise<string> {
  const startedAt = performance.now();
  for (let index = first; index < writes.length; index += 1) {
    if (index > first && performance.now() - startedAt > TURN_MS)
      return nextTurn().then(() => writeRoots(heads, writes, index, texts));
    texts.push(heads[index] ?? '');
    writes[index]?.(texts);
  }
  texts.push('}}\n');
  // One join at the end: `+=`, or joining parts first, copies their text again.
  return texts.join('');
}

function connectionRoot(
  selection: Selection,
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
  referenceIn: (given: Record<string, unknown>) => ConnectionReference,
): Root {
  const write = selection.connectionWriter(nodes);
  const readArguments = argumentReader(field, nodes);
  return (variables, reads) => {
    const index = reads.find(referenceIn(readArguments(variables)));
    return (texts) => {
      const connection = reads.connection(index);
      texts.push(connection ? write(connection) : 'null');
    };
  };
}

function listRoot(
  selection: Selection,
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
): Root {
  const type = selection.objectType('EnvironmentAccountConnectionConnection');
  const write = selection.objectWriter(type, nodes) as Writer<object>;
  const isCounted = [...selection.fieldsIn(type, nodes).values()].some(
    (inner) => nameOf(inner) === 'totalCount',
  );
  const readArguments = argumentReader(field, nodes);
  return (variables, reads) => {
    const { filter, first, after } = readArguments(variables) as ConnectionListRequest;
    const index = reads.list({ filter, first, after }, isCounted);
    return (texts) => texts.push(write(reads.page(index)));
  };
}

function entitiesRoot(
  selection: Selection,
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
): Root {
  const writeConnection = selection.connectionWriter(nodes);
  const writeAccount = selection.writerOf(selection.objectType('AwsAccount'), nodes);

  /** @returns the connection's index in `reads`, or the text of an account */
  function request(representation: Representation | null, reads: Reads): number | string {
    if (representation?.__typename === 'AwsAccount')
      return writeAccount(resolveAccountReference(representation));
    if (representation?.__typename !== 'EnvironmentAccountConnection') throw new UnexpectedValueError();
    const reference = referenceOf(representation);
    return reference ? reads.find(reference) : 'null';
  }

  function textOf(connection: ConnectionView | undefined, representation: Representation = {}): string {
    return connection && isNamedBy(representation, connection) ? writeConnection(connection) : 'null';
  }

  const readArguments = argumentReader(field, nodes);
  return (variables, reads) => {
    const representations = readArguments(variables)['representations'] as readonly Representation[];
    const entities = representations.map((representation) => request(representation, reads));
    return (texts) => {
      texts.push('[');
      for (const [index, entity] of entities.entries()) {
        if (index > 0) texts.push(',');
        texts.push(
          typeof entity === 'string' ? entity : textOf(reads.connection(entity), representations[index]),
        );
      }
      texts.push(']');
    };
  };
}

/** A single mutation. Its own resolver calls the service; only what Apollo Server does around it is left out. */
function compileMutation(selection: Selection): CompiledOperation {
  const [root, ...others] = selection.rootFields();
  if (!root || others.length > 0) throw new UnsupportedOperationError();
  const [key, field, nodes] = root;
  const resolve = field?.resolve;
  if (!resolve) throw new UnsupportedOperationError();
  const write = selection.writerOf(field.type, nodes);
  const readArguments = argumentReader(field, nodes);
  const head = `{"data":{${JSON.stringify(key)}:`;
  return async (variables, session, context) => {
    // Resolvers of this schema take no `info`.
    const payload: unknown = await resolve(
      undefined,
      readArguments(variables),
      context.over(session),
      undefined as never,
    );
    return `${head}${write(payload)}}}\n`;
  };
}
