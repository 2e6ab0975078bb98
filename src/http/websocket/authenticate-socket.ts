import {
  viewerWithoutUser,
  type Authentication,
  maySeeAny,
  type UserAuthentication,
  type Viewer,
} from '../../authentication/authentication';
import { AuthenticationError, bearerToken, parseBearer } from '../../authentication/headers';
import { TooManyWaitingError } from '../../authentication/user/verification-keys';

/** Who opened a WebSocket, or how it is closed. */
export type SocketAuthentication =
  | {
      readonly viewer: Viewer;
      /** When the token expires, in milliseconds since the epoch; undefined without a token. */
      readonly expiresAt: number | undefined;
    }
  | {
      readonly close: { readonly code: 4401 | 4403 | 1013; readonly reason: string };
      /** For the log; never sent to the client. */
      readonly why: string;
    };

/**
 * Authenticates the user of a WebSocket. Browsers can't send headers with it, so its first message may carry the token.
 * @param rawHeaders of the upgrade request
 * @param params the payload of `connection_init`
 * @throws unexpected errors
 */
export async function authenticateSocket(
  authentication: Authentication,
  rawHeaders: readonly string[],
  params: Readonly<Record<string, unknown>> | undefined,
): Promise<SocketAuthentication> {
  const { router, user } = authentication;
  if (!user) return { viewer: viewerWithoutUser(authentication), expiresAt: undefined };
  try {
    const token = tokenOf(rawHeaders, router?.tokenHeader ?? 'authorization', params, user);
    const { viewer, expiresAt } = await user.verify(token);
    if (maySeeAny(viewer)) return { viewer, expiresAt };
    return { close: { code: 4403, reason: 'Forbidden' }, why: 'the token grants no permissions' };
  } catch (error) {
    if (error instanceof TooManyWaitingError) return { close: NOT_READY, why: error.message };
    if (!(error instanceof AuthenticationError)) throw error;
    return { close: { code: 4401, reason: 'Unauthorized' }, why: error.message };
  }
}

const NOT_READY = { code: 1013, reason: 'Try again later' } as const;

/** @throws AuthenticationError */
function tokenOf(
  rawHeaders: readonly string[],
  tokenHeader: string,
  params: Readonly<Record<string, unknown>> | undefined,
  { maxBytes }: UserAuthentication,
): string {
  const given = params?.['authorization'] ?? params?.['Authorization'];
  const ofHeader = bearerToken(rawHeaders, tokenHeader, maxBytes);
  if (given === undefined || given === null) {
    if (ofHeader === undefined) throw new AuthenticationError('there is no token');
    return ofHeader;
  }
  if (typeof given !== 'string') throw new AuthenticationError('connectionParams.authorization is no text');
  const ofParams = parseBearer(given, 'connectionParams.authorization', maxBytes);
  if (ofHeader !== undefined && ofHeader !== ofParams) {
    throw new AuthenticationError('the upgrade and connection_init carry different tokens');
  }
  return ofParams;
}
