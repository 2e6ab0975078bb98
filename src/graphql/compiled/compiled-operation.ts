// The decorators of the subgraph's classes need it, and this module imports them before `subgraph/schema` does.
import 'reflect-metadata';
import { type FieldNode, type GraphQLField, OperationTypeNode } from 'graphql';

import type { ConnectionView } from '../../proton/connection';
import type { ConnectionReference } from '../../proton/identifiers';
import type { ConnectionListRequest, Page } from '../../proton/page';
import { type MaybePromise, whenDone } from '../../proton/proton-service';
import { resolveAccountReference } from '../../subgraph/account/aws-account';
import type { SubgraphContext } from '../../subgraph/context';
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

/** Executes an operation and returns the response body. Throws or rejects where Apollo Server must respond. */
export type CompiledOperation = (variables: Variables, context: SubgraphContext) => MaybePromise<string>;

/** @throws UnsupportedOperationError for a selection that only Apollo Server can execute */
export function compileOperation(selection: Selection): CompiledOperation {
  return selection.type === OperationTypeNode.MUTATION ? compileMutation(selection) : compileQuery(selection);
}

/** All reads of a query: one call on the session for each kind, as the loaders would make. */
class Reads {
  private readonly references: ConnectionReference[] = [];
  private readonly idIndexes = new Map<string, number>();
  private readonly arnIndexes = new Map<string, number>();
  private readonly lists: ConnectionListRequest[] = [];
  private readonly countedLists = new Set<number>();
  private readonly listIndexes = new Map<string, number>();
  connections: readonly (ConnectionView | undefined)[] = [];
  private pages: readonly Page<ConnectionView>[] = [];
  private readonly counts = new Map<number, number | null>();

  /** @returns the connection's index in `connections` */
  find(reference: ConnectionReference): number {
    const [indexes, key] =
      'arn' in reference ? [this.arnIndexes, reference.arn] : [this.idIndexes, reference.id];
    const known = indexes.get(key);
    if (known !== undefined) return known;
    const index = this.references.push(reference) - 1;
    indexes.set(key, index);
    return index;
  }

  /** @returns the page's index for `page` */
  list(request: ConnectionListRequest, isCounted: boolean): number {
    const key = JSON.stringify(request);
    const index = this.listIndexes.get(key) ?? this.lists.push(request) - 1;
    this.listIndexes.set(key, index);
    if (isCounted) this.countedLists.add(index);
    return index;
  }

  page(index: number): object {
    const page = this.pages[index];
    if (!page) throw new UnexpectedValueError();
    const totalCount = this.counts.get(index);
    return Object.assign(
      toGraphQLPage(page, (connection) => connection),
      { totalCount },
    );
  }

  /** Calls `next` when everything has been read. */
  run<Result>({ session }: SubgraphContext, next: () => Result): MaybePromise<Result> {
    const { references, lists } = this;
    const found = references.length === 0 ? [] : session.findConnections(references);
    const listed = lists.length === 0 ? [] : session.listConnections(lists);
    return whenDone(found, (connections) => {
      this.connections = withoutErrors(connections);
      return whenDone(listed, (pages) => {
        this.pages = withoutErrors(pages);
        return whenDone(this.count(session), next);
      });
    });
  }

  /** Lists with the same filter have the same count, also if they select different pages. */
  private count(session: SubgraphContext['session']): MaybePromise<void> {
    if (this.countedLists.size === 0) return undefined;
    const keys: string[] = [];
    const selections = new Map<string, Pick<ConnectionListRequest, 'filter'>>();
    for (const index of this.countedLists) {
      const filter = this.lists[index]?.filter;
      const key = JSON.stringify({ filter });
      keys.push(key);
      if (!selections.has(key)) selections.set(key, { filter });
    }
    return whenDone(session.countConnections([...selections.values()]), (counted) => {
      const counts = withoutErrors(counted);
      const countOf = new Map([...selections.keys()].map((key, index) => [key, counts[index]]));
      [...this.countedLists].forEach((list, index) => {
        this.counts.set(list, countOf.get(keys[index] ?? '') ?? null);
      });
    });
  }
}

function withoutErrors<Value>(results: readonly (Value | Error)[]): readonly Value[] {
  for (const result of results) if (result instanceof Error) throw new UnexpectedValueError();
  return results as readonly Value[];
}

/** Requests what a root field needs, and returns how its value is written once all reads are done. */
type Root = (variables: Variables, reads: Reads) => () => string;

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
    if (name === '__typename') roots.push(() => () => '"Query"');
    else {
      const root = Object.hasOwn(ROOTS, name) ? ROOTS[name] : undefined;
      if (!field || !root) throw new UnsupportedOperationError();
      roots.push(root(selection, field, nodes));
    }
  }
  if (roots.length === 0) throw new UnsupportedOperationError();
  return (variables, context) => {
    const reads = new Reads();
    const writes = roots.map((root) => root(variables, reads));
    return reads.run(context, () => {
      let text = '';
      writes.forEach((write, index) => {
        text += (heads[index] ?? '') + write();
      });
      return `${text}}}\n`;
    });
  };
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
    return () => {
      const connection = reads.connections[index];
      return connection ? write(connection) : 'null';
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
    return () => write(reads.page(index));
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

  const readArguments = argumentReader(field, nodes);
  return (variables, reads) => {
    const representations = readArguments(variables)['representations'] as readonly Representation[];
    const entities = representations.map((representation) => request(representation, reads));
    return () => {
      const texts = entities.map((entity, index) => {
        if (typeof entity === 'string') return entity;
        const connection = reads.connections[entity];
        const isNamed = connection && isNamedBy(representations[index] ?? {}, connection);
        return isNamed ? writeConnection(connection) : 'null';
      });
      return `[${texts.join(',')}]`;
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
  return async (variables, context) => {
    // Resolvers of this schema take no `info`.
    const payload: unknown = await resolve(undefined, readArguments(variables), context, undefined as never);
    return `${head}${write(payload)}}}\n`;
  };
}
