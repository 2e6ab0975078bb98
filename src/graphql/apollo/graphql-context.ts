import type { SubgraphContext } from '../../subgraph/context';
import type { RequestRecord } from '../../http/request-log/record-requests';

/** What a document is carried out with: its resolvers' context, and what concerns the request that brought it. */
export interface GraphqlContext extends SubgraphContext {
  readonly record: RequestRecord;
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
