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
   * Goes right before the execution of a document, and waits where it costs much and others are before it.
   * @throws RequestError when it has waited too long
   */
  readonly begin: (cost: number) => Promise<void>;
  /**
   * Takes what the document costs from its sender's budget.
   * @throws RequestError when there is not that much left
   */
  readonly spend: (cost: number) => void | Promise<void>;
}
