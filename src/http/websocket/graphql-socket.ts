import {
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { type Context, makeServer, type Server } from 'graphql-ws';

import type { Viewer } from '../../authentication/authentication';
import { RequestError } from '../../graphql/request-error';
import {
  SubscriptionRefused,
  type AcceptedSubscription,
} from '../../graphql/subscriptions/accept-subscription';
import type { EndOutcome, SubscriberInfo } from '../../graphql/subscriptions/subscriber';
import type { RunningSubscription, Subscriptions } from '../../graphql/subscriptions/subscriptions';
import type { RateLimits } from '../hooks/rate-limits';
import { ResultStream } from './result-stream';

/** What is known about one socket. */
export interface SocketState {
  /** Of the upgrade request. */
  readonly requestId: string;
  /** Undefined until `connection_init` is accepted. */
  viewer: Viewer | undefined;
  /** Why its subscriptions end when it closes. */
  outcome: EndOutcome;
  readonly streams: Set<ResultStream>;
}

export interface ProtocolOptions {
  readonly schema: GraphQLSchema;
  readonly subscriptions: Subscriptions;
  /** Limits for each user; undefined if users are not authenticated. */
  readonly rateLimits: RateLimits | undefined;
  readonly maxSubscriptionsPerSocket: number;
  /** How long a socket may be open before `connection_init`, in milliseconds. */
  readonly initTimeoutMs: number;
  /** Authenticates the user of a socket, or closes it and returns false. Sets the viewer. */
  readonly connect: (
    state: SocketState,
    params: Readonly<Record<string, unknown>> | undefined,
  ) => Promise<boolean>;
}

type SocketContext = Context<Record<string, unknown> | undefined, SocketState>;

/** The context of an operation, as `subscribe` gets it. */
interface Start {
  readonly subscription: AcceptedSubscription;
  readonly state: SocketState;
  readonly info: SubscriberInfo;
}

/** The protocol graphql-transport-ws for subscriptions, which are executed elsewhere. */
export function createProtocol({
  schema,
  subscriptions,
  rateLimits,
  maxSubscriptionsPerSocket,
  initTimeoutMs,
  connect,
}: ProtocolOptions): Server<SocketState> {
  async function accept(context: SocketContext, request: Parameters<Subscriptions['accept']>[0]) {
    const { extra: state } = context;
    if (!state.viewer) throw new Error('graphql-ws lets only acknowledged sockets subscribe');
    const info: SubscriberInfo = { viewer: state.viewer, transport: 'websocket', requestId: state.requestId };
    const { subject } = info.viewer;
    let subscription: AcceptedSubscription | undefined;
    try {
      // This one is among them.
      if (Object.keys(context.subscriptions).length > maxSubscriptionsPerSocket) {
        throw new RequestError(400, 'TOO_MANY_SUBSCRIPTIONS', tooMany(maxSubscriptionsPerSocket));
      }
      await rateLimits?.countRequest(subject);
      subscription = subscriptions.accept(request);
      await rateLimits?.chargeCost(subject, subscription.cost);
      return { subscription, state, info } satisfies Start;
    } catch (error) {
      const refused = refusalOf(error);
      subscriptions.refused(subscription, info, refused.code);
      throw refused;
    }
  }

  async function subscribe({ contextValue }: ExecutionArgs): Promise<AsyncIterable<ExecutionResult>> {
    const { subscription, state, info } = contextValue as Start;
    let running: RunningSubscription | undefined;
    const status = { hasReturned: false };
    const stream = new ResultStream(() => {
      status.hasReturned = true;
      state.streams.delete(stream);
      running?.stop(state.outcome);
    });
    state.streams.add(stream);
    try {
      running = await subscriptions.start(subscription, info, {
        next: stream.sink.next,
        ended(errors) {
          state.streams.delete(stream);
          stream.sink.ended(errors);
        },
      });
      if (status.hasReturned) running.stop(state.outcome);
    } catch (error) {
      const refused = refusalOf(error);
      subscriptions.refused(subscription, info, refused.code);
      state.streams.delete(stream);
      stream.finish(refused.errors);
    }
    // Errors are formatted already, where graphql-ws expects those of graphql-js. `onNext` has it send them as they are.
    return stream as AsyncIterable<FormattedExecutionResult> as AsyncIterable<ExecutionResult>;
  }

  return makeServer<Record<string, unknown> | undefined, SocketState>({
    connectionInitWaitTimeout: initTimeoutMs,
    onConnect: ({ extra, connectionParams }) => connect(extra, connectionParams),
    async onSubscribe(context, _id, request) {
      try {
        const start = await accept(context, request);
        const { document, operationName } = start.subscription;
        return { schema, document, operationName: operationName ?? null, contextValue: start };
      } catch (error) {
        if (!(error instanceof SubscriptionRefused)) throw error;
        return [new GraphQLError(error.message, { originalError: error })];
      }
    },
    subscribe,
    onNext: (_context, _id, _request, _args, result) => result as FormattedExecutionResult,
    onError: (_context, _id, _request, errors) =>
      errors.flatMap(({ originalError }) =>
        originalError instanceof SubscriptionRefused ? originalError.errors : [],
      ),
  });
}

/** @throws any other error */
function refusalOf(error: unknown): SubscriptionRefused {
  if (error instanceof SubscriptionRefused) return error;
  if (!(error instanceof RequestError)) throw error;
  const { message, code } = error;
  return new SubscriptionRefused([{ message, extensions: { code } }]);
}

function tooMany(max: number): string {
  return `A WebSocket may have ${String(max)} subscriptions. Complete one, or open another socket.`;
}
