import type { MaybePromise, ProtonSession } from '../proton/proton-service';
import { SessionContext, type RequestScope, type SubgraphContext } from '../subgraph/context';

/** The part of the request log that execution fills in. */
export interface OperationRecord {
  /** The request's id, as the client gets it. */
  readonly id: string;
  /** The root fields that the document selects, so that metrics have few label values. */
  operation: string | undefined;
  /** The operation's name in the document. */
  operationName: string | undefined;
  /** The code of the first failure; undefined while there is none. */
  failure: string | undefined;
  /** Whether the operation was executed without Apollo Server. */
  isCompiled: boolean;
  /** Whether an unexpected error has been logged. */
  isFaultReported: boolean;
}

/**
 * Called right before execution. Expensive documents wait for each other; then the cost is charged to the user's rate limit. Both
 * happen once per request: later calls return the first call's result.
 * @throws RequestError when the wait was too long, or the limit is exceeded
 */
export type Admit = (cost: number) => MaybePromise<void>;

/** The context of an execution: what resolvers need, and what belongs to the HTTP request. */
export interface GraphqlContext extends SubgraphContext {
  readonly record: OperationRecord;
  readonly admit: Admit;
  /** The context of the same request over another session. */
  readonly over: (session: ProtonSession) => GraphqlContext;
}

/** @param context of the subgraph's resolvers */
export function createGraphqlContext(
  context: RequestScope,
  record: OperationRecord,
  admit: Admit,
): GraphqlContext {
  return new RequestContext(context, record, admit);
}

/** A class: one is created per request, or two. */
class RequestContext extends SessionContext implements GraphqlContext {
  constructor(
    context: RequestScope,
    readonly record: OperationRecord,
    readonly admit: Admit,
  ) {
    super(
      context,
      (fault) => {
        record.isFaultReported = true;
        context.reportFault(fault);
      },
      (code) => {
        record.failure ??= code;
      },
    );
  }

  over(session: ProtonSession): GraphqlContext {
    const { viewer, trustPolicyDefaults, reportFault } = this;
    return new RequestContext({ session, viewer, trustPolicyDefaults, reportFault }, this.record, this.admit);
  }
}
