/** A running supergraph: a gateway in front of proton-subgraph and the example's accounts subgraph. */
export interface Supergraph {
  readonly gateway: string;
  /** The URL of proton-subgraph, for comparing its responses with the gateway's. */
  readonly proton: string;
  readonly stop: () => Promise<void>;
}
