import { randomUUID } from 'node:crypto';

import {
  execute,
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
} from 'graphql';

import { hasTags, type NormalizedSelection } from '../../proton/page';
import type { ProtonSession } from '../../proton/proton-service';
import type { ConnectionStatusChange } from '../../proton/status-changes';
import type { TrustPolicyDefaults } from '../../proton/trust-policy/request';
import type { Viewer } from '../../proton/viewer';
import { SessionContext, type RequestEnd } from '../../subgraph/context';
import { hiddenCause, isInternalError, toFormatted, type FormatError } from '../format-error';
import type { AcceptedSubscription } from './accept-subscription';

export interface EventExecutionOptions {
  readonly schema: GraphQLSchema;
  readonly formatError: FormatError;
  /** Opens a session for one event. */
  readonly openSession: (viewer: Viewer, end: RequestEnd) => ProtonSession;
  readonly trustPolicyDefaults: TrustPolicyDefaults;
  /** Logs an unexpected error under an id, which the result of the event carries. */
  readonly reportFault: (error: unknown, id: string) => void;
  /** How long an event may take, in milliseconds. */
  readonly executionMs: number;
}

/**
 * Executes a subscription's document for one change. Never rejects: a failure is an error in the result. Undefined for a change that
 * turns out not to be selected.
 */
export type ExecuteEvent = (
  subscription: AcceptedSubscription,
  viewer: Viewer,
  change: ConnectionStatusChange,
) => Promise<FormattedExecutionResult | undefined>;

/** Each event gets a session and loaders of its own, because loaders return what they have read before, and a deadline of its own. */
export function createEventExecution({
  schema,
  formatError,
  openSession,
  trustPolicyDefaults,
  reportFault,
  executionMs,
}: EventExecutionOptions): ExecuteEvent {
  function formatted(result: ExecutionResult, reported: ReadonlySet<unknown>): FormattedExecutionResult {
    const { data, errors } = result;
    if (!errors) return { data: data ?? null };
    const id = randomUUID();
    const seen = new Set(reported);
    const shown = errors.map((error) => {
      const cause = hiddenCause(error);
      if (cause !== undefined && !seen.has(cause)) reportFault(cause, id);
      seen.add(cause);
      const forClient = formatError(toFormatted(error), error);
      return isInternalError(forClient)
        ? { ...forClient, extensions: { ...forClient.extensions, requestId: id } }
        : forClient;
    });
    return { data: data ?? null, errors: shown };
  }

  return async ({ document, operationName, variables, selection }, viewer, change) => {
    const deadline = new EventDeadline(executionMs);
    const reported = new Set<unknown>();
    async function run(): Promise<ExecutionResult | undefined> {
      const session = openSession(viewer, deadline);
      if (!(await hasSelectedTags(session, selection, change))) return undefined;
      const context = new SessionContext({ session, viewer, trustPolicyDefaults }, (fault) => {
        reported.add(fault);
        reportFault(fault, randomUUID());
      });
      return execute({
        schema,
        document,
        rootValue: change,
        contextValue: context,
        variableValues: variables,
        operationName,
      });
    }
    try {
      const result = await deadline.race(run());
      return result && formatted(result, reported);
    } catch (error) {
      const graphqlError =
        error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error });
      return formatted({ data: null, errors: [graphqlError] }, reported);
    } finally {
      deadline.end();
    }
  };
}

/** Whether a connection has the tags that the filter asks for. An adapter may leave them out of its changes, so they are read. */
async function hasSelectedTags(
  session: ProtonSession,
  { tags: wanted }: NormalizedSelection,
  { connection }: ConnectionStatusChange,
): Promise<boolean> {
  if (!wanted || connection.tags) return true;
  const [tags] = await session.readTags([connection]);
  if (tags instanceof Error) throw tags;
  // Null: it was deleted, and its tags with it.
  return hasTags(tags ?? [], wanted);
}

class EventDeadline implements RequestEnd {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly timeoutMs: number) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  readonly isOver = (): boolean => this.controller.signal.aborted;

  /** @throws GraphQLError `EXECUTION_TIMEOUT`; the work goes on until its next call on the session */
  race<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.timer = setTimeout(() => {
        this.controller.abort();
        const message = `The event was given up after ${String(this.timeoutMs)} ms.`;
        reject(new GraphQLError(message, { extensions: { code: 'EXECUTION_TIMEOUT' } }));
      }, this.timeoutMs);
      work.then(resolve, reject);
    });
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
