import type { SubgraphContext } from '../../subgraph/context';

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
}

/** Apollo Server's context: what resolvers need, and what belongs to the HTTP request. */
export interface GraphqlContext extends SubgraphContext {
  readonly record: OperationRecord;
  /**
   * Called right before execution. Expensive documents wait for each other.
   * @throws RequestError when the wait was too long
   */
  readonly waitToExecute: (cost: number) => Promise<void>;
  /**
   * Charges the cost of the document to the user's rate limit.
   * @throws RequestError when the limit is exceeded
   */
  readonly chargeCost: (cost: number) => void | Promise<void>;
}
