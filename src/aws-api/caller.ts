import type { AccountId, Region } from '../proton/identifiers';
import type { EndpointRequest } from './messages';

/** Who calls, and where: AWS credentials act as one account, and a signature is good in one Region. */
export interface Caller {
  readonly accountId: AccountId;
  readonly region: Region;
  /** Which of the account's keys it used; the account itself where callers are believed. */
  readonly accessKeyId: string;
}

/** Tells who sent a request. Rejects with an `AwsError` or a `SignatureRefusal` where that can't be told. */
export type Authenticate = (request: EndpointRequest) => Promise<Caller>;
