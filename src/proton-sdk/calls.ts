/* eslint-disable @typescript-eslint/no-deprecated -- AWS deprecated its client together with its own service; the protocol lives on. */
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
  type ProtonClient,
  type UpdateEnvironmentAccountConnectionCommandInput,
} from '@aws-sdk/client-proton';

import type { AccountRole, ConnectionStatus, ConnectionView, Tag } from '../proton/connection';
import { ProtonFailure } from '../proton/failure';
import type { ConnectionArn, ConnectionId } from '../proton/identifiers';
import { parseConnection, parseDeletion, parseList, parseTags, type AnswerPage } from './responses';
import type { CallScope } from './transport/http-handler';
import type { Place, ProtonClients } from './transport/clients';
import { NobodyWaits, reasonOf } from './transport/deadline';
import { concernsCredentials, failureOf, reportOf, type ProtonReport, type Refusals } from './error-mapping';
import type { Slots } from './transport/concurrency';

/** Whose list it is, and what Proton itself narrows it by. */
export interface ListSource extends Place {
  readonly role: AccountRole;
  readonly environmentName: string | null;
  readonly statuses: readonly ConnectionStatus[] | null;
}

export interface ListStep {
  readonly maxResults: number;
  readonly nextToken: string | undefined;
}

/**
 * Proton's operations, each as one call in one account and Region, in the domain's words. A call waits for one of the request's
 * slots, ends with the request's signal, and fails with a `ProtonFailure`, unless something is broken here.
 */
export interface Calls {
  /** Answers undefined where the account has no such connection. */
  readonly get: (place: Place, id: ConnectionId) => Promise<ConnectionView | undefined>;
  readonly list: (
    source: ListSource,
    step: ListStep,
    refusals?: Refusals,
  ) => Promise<AnswerPage<ConnectionView>>;
  /** Answers undefined where there is no such connection. */
  readonly listTags: (
    place: Place,
    arn: ConnectionArn,
    nextToken: string | undefined,
  ) => Promise<AnswerPage<Tag> | undefined>;
  readonly create: (
    place: Place,
    input: CreateEnvironmentAccountConnectionCommandInput,
    refusals: Refusals,
  ) => Promise<ConnectionView>;
  readonly update: (
    place: Place,
    input: UpdateEnvironmentAccountConnectionCommandInput & { readonly id: ConnectionId },
    refusals: Refusals,
  ) => Promise<ConnectionView>;
  readonly accept: (place: Place, id: ConnectionId, refusals: Refusals) => Promise<ConnectionView>;
  readonly reject: (place: Place, id: ConnectionId, refusals: Refusals) => Promise<ConnectionView>;
  readonly delete: (place: Place, id: ConnectionId) => Promise<void>;
  readonly tag: (place: Place, arn: ConnectionArn, tags: readonly Tag[], refusals: Refusals) => Promise<void>;
  readonly untag: (
    place: Place,
    arn: ConnectionArn,
    tagKeys: readonly string[],
    refusals: Refusals,
  ) => Promise<void>;
}

export interface CallParts {
  readonly clients: ProtonClients;
  readonly slots: Slots;
  readonly report: (report: ProtonReport) => void;
}

/** As many as a connection can have. */
const TAGS_AT_ONCE = 50;

const ABSENT: Refusals = { ResourceNotFoundException: () => ProtonFailure.notFound('') };

/** The operations for one piece of work, which the signal ends. */
export function createCalls({ clients, slots, report }: CallParts, signal: AbortSignal): Calls {
  const reported = new Set<string>();
  /** What was said last about too many calls, so that those which never got their turn can tell why. */
  let throttling: unknown;

  /** Once for each account and error: a thousand ids that can't be asked for are one piece of news. */
  function reportOnce(said: ProtonReport): void {
    const news = `${said.accountId} ${said.region} ${said.errorName}`;
    if (reported.has(news)) return;
    reported.add(news);
    report(said);
  }

  function call<Answer, Result>(
    operation: string,
    place: Place,
    send: (client: ProtonClient) => Promise<Answer>,
    parse: (answer: Answer) => Result,
    refusals: Refusals = {},
  ): Promise<Result> {
    return slots.run(async () => {
      const scope: CallScope = { signal, throttling, clockWasOff: false };
      // What was never begun is nothing to report.
      if (signal.aborted) throw failureOf(reasonOf(signal), place, { refusals, throttling: undefined });
      try {
        return parse(await clients.call(place, scope, send));
      } catch (error) {
        if (concernsCredentials(error)) clients.forgetCredentials(place.accountId);
        const failure = failureOf(error, place, { refusals, throttling: scope.throttling });
        // That an id is unknown here is what a search is full of.
        if (failure.code !== 'NOT_FOUND' && !(error instanceof NobodyWaits)) {
          reportOnce(reportOf(error, operation, place, failure));
        }
        throw failure;
      } finally {
        throttling = scope.throttling;
      }
    });
  }

  const connectionAt = (place: Place, id: ConnectionId) => (answer: unknown) =>
    theOne(parseConnection(answer, place.region), id);
  const nothing = () => undefined;

  return {
    get: (place, id) =>
      orAbsent(
        call(
          'GetEnvironmentAccountConnection',
          place,
          (client) => client.send(new GetEnvironmentAccountConnectionCommand({ id })),
          connectionAt(place, id),
          ABSENT,
        ),
      ),

    list: ({ accountId, region, role, environmentName, statuses }, { maxResults, nextToken }, refusals) =>
      call(
        'ListEnvironmentAccountConnections',
        { accountId, region },
        (client) =>
          client.send(
            new ListEnvironmentAccountConnectionsCommand({
              requestedBy: role,
              maxResults,
              ...(environmentName === null ? {} : { environmentName }),
              ...(statuses === null ? {} : { statuses: [...statuses] }),
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          ),
        (answer) => parseList(answer, region),
        refusals,
      ),

    listTags: (place, resourceArn, nextToken) =>
      orAbsent(
        call(
          'ListTagsForResource',
          place,
          (client) =>
            client.send(
              new ListTagsForResourceCommand({
                resourceArn,
                maxResults: TAGS_AT_ONCE,
                ...(nextToken === undefined ? {} : { nextToken }),
              }),
            ),
          parseTags,
          ABSENT,
        ),
      ),

    create: (place, input, refusals) =>
      call(
        'CreateEnvironmentAccountConnection',
        place,
        (client) => client.send(new CreateEnvironmentAccountConnectionCommand(input)),
        (answer) => parseConnection(answer, place.region),
        refusals,
      ),

    update: (place, input, refusals) =>
      call(
        'UpdateEnvironmentAccountConnection',
        place,
        (client) => client.send(new UpdateEnvironmentAccountConnectionCommand(input)),
        connectionAt(place, input.id),
        refusals,
      ),

    accept: (place, id, refusals) =>
      call(
        'AcceptEnvironmentAccountConnection',
        place,
        (client) => client.send(new AcceptEnvironmentAccountConnectionCommand({ id })),
        connectionAt(place, id),
        refusals,
      ),

    reject: (place, id, refusals) =>
      call(
        'RejectEnvironmentAccountConnection',
        place,
        (client) => client.send(new RejectEnvironmentAccountConnectionCommand({ id })),
        connectionAt(place, id),
        refusals,
      ),

    async delete(place, id) {
      await orAbsent(
        call(
          'DeleteEnvironmentAccountConnection',
          place,
          (client) => client.send(new DeleteEnvironmentAccountConnectionCommand({ id })),
          (answer) => parseDeletion(answer, place.region),
          ABSENT,
        ),
      );
    },

    tag: (place, resourceArn, tags, refusals) =>
      call(
        'TagResource',
        place,
        (client) =>
          client.send(
            new TagResourceCommand({ resourceArn, tags: tags.map(({ key, value }) => ({ key, value })) }),
          ),
        nothing,
        refusals,
      ),

    untag: (place, resourceArn, tagKeys, refusals) =>
      call(
        'UntagResource',
        place,
        (client) => client.send(new UntagResourceCommand({ resourceArn, tagKeys: [...tagKeys] })),
        nothing,
        refusals,
      ),
  };
}

function theOne(connection: ConnectionView, id: ConnectionId): ConnectionView {
  if (connection.id === id) return connection;
  throw new Error(`asked for ${id}, Proton answered with ${connection.id}`);
}

async function orAbsent<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ProtonFailure && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
