import type { IncomingMessage } from 'node:http';

/** What a router's proof is looked for in. */
export type ProvenRequest = Pick<IncomingMessage, 'rawHeaders'> & {
  readonly method: string;
  /** The path and the query string, as they were sent. */
  readonly url: string;
};

/** How a router proves that a request is its own. */
export interface RouterProof {
  /** Goes out as `www-authenticate` with a refusal. */
  readonly challenge: string;
  /** The header, in lower case, that a person's token comes in. */
  readonly tokenHeader: string;
  /**
   * Judges a request by its header.
   * @returns what is left to be judged once the body is here, undefined where nothing is
   * @throws AuthenticationRefusal
   */
  readonly judge: (request: ProvenRequest) => JudgeBody | undefined;
}

/** Rejects with an `AuthenticationRefusal` unless the proof holds for this body. */
export type JudgeBody = (body: Buffer) => Promise<void>;
