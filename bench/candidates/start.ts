/** The environment variables of a candidate. */
export type Environment = Readonly<Record<string, string>>;

/** A candidate that accepts requests. */
export interface Served {
  readonly url: string;
  /** The endpoint for AWS clients, if the candidate has one. */
  readonly protonEndpoint?: string | undefined;
}

/** What each candidate's file exports as `start`. Resolves when the candidate accepts requests. */
export type Start = (environment: Environment) => Promise<Served>;

/** A message to the process: start a candidate. */
export interface Order {
  /** Identifies the order in its outcome. */
  readonly order: number;
  /** The name of the candidate's file. */
  readonly candidate: string;
  readonly environment: Environment;
}

/** The message in return: either `served` or `error`. */
export interface Outcome {
  readonly order: number;
  readonly served?: Served;
  readonly error?: string;
}
