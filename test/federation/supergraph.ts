/** A running supergraph: proton-subgraph and the example's accounts behind a gateway. */
export interface Supergraph {
  readonly gateway: string;
  /** The subgraph itself, for comparing what passes through the gateway with what goes into it. */
  readonly proton: string;
  readonly stop: () => Promise<void>;
}
