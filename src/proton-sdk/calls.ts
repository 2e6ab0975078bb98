import {
  AcceptEnvironmentAccountConnectionCommand,
  CreateEnvironmentAccountConnectionCommand,
  DeleteEnvironmentAccountConnectionCommand,
  GetEnvironmentAccountConnectionCommand,
  ListEnvironmentAccountConnectionsCommand,
  ListTagsForResourceCommand,
  RejectEnvironmentAccountConnectionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEnvironmentAccountConnectionCommand,
  type CreateEnvironmentAccountConnectionCommandInput,
  type UpdateEnvironmentAccountConnectionCommandInput,
} from '@aws-sdk/client-proton';

import type { AccountRole, ConnectionStatus, ConnectionView, Tag } from '../proton/connection';
import { ProtonFailure } from '../proton/failure';
import type { ConnectionArn, ConnectionId } from '../proton/identifiers';
import { MAX_TAGS } from '../proton/validation/parse-inputs';
import type { RunCall } from './call-runner';
import type { ExceptionMapping } from './error-mapping';
import { parseConnection, parseDeletion, parseList, parseTags, type ResponsePage } from './responses';
import type { CallTarget } from './transport/clients';

/** A list: of the connections in which an account has a role, with the filters that Proton offers. */
export interface ListSource extends CallTarget {
  readonly role: AccountRole;
  /** Null means any name. */
  readonly environmentName: string | null;
  /** Null means any status. */
  readonly statuses: readonly ConnectionStatus[] | null;
}

export interface PageOptions {
  readonly maxResults: number;
  /** Undefined for the first page. */
  readonly nextToken: string | undefined;
}

const NOT_FOUND: ExceptionMapping = { ResourceNotFoundException: () => ProtonFailure.notFound('') };

/** Proton's operations, one method each. Every method is one call, and rejects with a `ProtonFailure` as `RunCall` does. */
export class Calls {
  constructor(private readonly run: RunCall) {}

  /** Undefined if the account has no such connection. */
  get(target: CallTarget, id: ConnectionId): Promise<ConnectionView | undefined> {
    return undefinedIfNotFound(
      this.run({
        operation: 'GetEnvironmentAccountConnection',
        target,
        send: (client) => client.send(new GetEnvironmentAccountConnectionCommand({ id })),
        parse: (output) => parseExpected(output, target, id),
        exceptions: NOT_FOUND,
      }),
    );
  }

  list(
    source: ListSource,
    { maxResults, nextToken }: PageOptions,
    exceptions?: ExceptionMapping,
  ): Promise<ResponsePage<ConnectionView>> {
    const { accountId, region, role, environmentName, statuses } = source;
    return this.run({
      operation: 'ListEnvironmentAccountConnections',
      target: { accountId, region },
      send: (client) =>
        client.send(
          new ListEnvironmentAccountConnectionsCommand({
            requestedBy: role,
            maxResults,
            ...(environmentName === null ? {} : { environmentName }),
            ...(statuses === null ? {} : { statuses: [...statuses] }),
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
        ),
      parse: (output) => parseList(output, region),
      exceptions,
    });
  }

  /** Undefined if there is no such connection. */
  listTags(
    target: CallTarget,
    resourceArn: ConnectionArn,
    nextToken: string | undefined,
  ): Promise<ResponsePage<Tag> | undefined> {
    return undefinedIfNotFound(
      this.run({
        operation: 'ListTagsForResource',
        target,
        send: (client) =>
          client.send(
            new ListTagsForResourceCommand({
              resourceArn,
              maxResults: MAX_TAGS,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          ),
        parse: parseTags,
        exceptions: NOT_FOUND,
      }),
    );
  }

  create(
    target: CallTarget,
    input: CreateEnvironmentAccountConnectionCommandInput,
    exceptions: ExceptionMapping,
  ): Promise<ConnectionView> {
    return this.run({
      operation: 'CreateEnvironmentAccountConnection',
      target,
      send: (client) => client.send(new CreateEnvironmentAccountConnectionCommand(input)),
      parse: (output) => parseConnection(output, target.region),
      exceptions,
    });
  }

  update(
    target: CallTarget,
    input: UpdateEnvironmentAccountConnectionCommandInput & { readonly id: ConnectionId },
    exceptions: ExceptionMapping,
  ): Promise<ConnectionView> {
    return this.run({
      operation: 'UpdateEnvironmentAccountConnection',
      target,
      send: (client) => client.send(new UpdateEnvironmentAccountConnectionCommand(input)),
      parse: (output) => parseExpected(output, target, input.id),
      exceptions,
    });
  }

  accept(target: CallTarget, id: ConnectionId, exceptions: ExceptionMapping): Promise<ConnectionView> {
    return this.run({
      operation: 'AcceptEnvironmentAccountConnection',
      target,
      send: (client) => client.send(new AcceptEnvironmentAccountConnectionCommand({ id })),
      parse: (output) => parseExpected(output, target, id),
      exceptions,
    });
  }

  reject(target: CallTarget, id: ConnectionId, exceptions: ExceptionMapping): Promise<ConnectionView> {
    return this.run({
      operation: 'RejectEnvironmentAccountConnection',
      target,
      send: (client) => client.send(new RejectEnvironmentAccountConnectionCommand({ id })),
      parse: (output) => parseExpected(output, target, id),
      exceptions,
    });
  }

  /** Succeeds if there is no such connection. */
  async delete(target: CallTarget, id: ConnectionId): Promise<void> {
    await undefinedIfNotFound(
      this.run({
        operation: 'DeleteEnvironmentAccountConnection',
        target,
        send: (client) => client.send(new DeleteEnvironmentAccountConnectionCommand({ id })),
        parse: (output) => parseDeletion(output, target.region),
        exceptions: NOT_FOUND,
      }),
    );
  }

  tag(
    target: CallTarget,
    resourceArn: ConnectionArn,
    tags: readonly Tag[],
    exceptions: ExceptionMapping,
  ): Promise<void> {
    const input = { resourceArn, tags: tags.map(({ key, value }) => ({ key, value })) };
    return this.run({
      operation: 'TagResource',
      target,
      send: (client) => client.send(new TagResourceCommand(input)),
      parse: () => undefined,
      exceptions,
    });
  }

  untag(
    target: CallTarget,
    resourceArn: ConnectionArn,
    tagKeys: readonly string[],
    exceptions: ExceptionMapping,
  ): Promise<void> {
    return this.run({
      operation: 'UntagResource',
      target,
      send: (client) => client.send(new UntagResourceCommand({ resourceArn, tagKeys: [...tagKeys] })),
      parse: () => undefined,
      exceptions,
    });
  }
}

/** @throws Error if the response has another connection than the requested one */
function parseExpected(output: unknown, { region }: CallTarget, id: ConnectionId): ConnectionView {
  const connection = parseConnection(output, region);
  if (connection.id === id) return connection;
  throw new Error(`Proton returned the connection ${connection.id} instead of ${id}`);
}

async function undefinedIfNotFound<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ProtonFailure && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
