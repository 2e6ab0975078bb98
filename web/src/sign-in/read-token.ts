export type TokenReading =
  | { readonly ok: true; readonly token: string; readonly expiresAt: number | undefined }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a token that was pasted: a JWT, with or without "Bearer" before it. The server verifies it; here only the form
 * and the time count.
 * @param now in ms since 1970
 */
export function readToken(text: string, now: number): TokenReading {
  const token = text.trim().replace(/^bearer\s+/i, '');
  const claims = claimsOf(token);
  if (!claims) return { ok: false, problem: 'This is not a JWT: three parts with dots between them.' };
  const { exp } = claims;
  if (typeof exp !== 'number') return { ok: true, token, expiresAt: undefined };
  const expiresAt = exp * 1_000;
  if (expiresAt <= now) {
    return { ok: false, problem: `This token expired at ${new Date(expiresAt).toISOString()}.` };
  }
  return { ok: true, token, expiresAt };
}

/** The claims of a JWT; undefined if it is none. */
function claimsOf(token: string): { readonly exp?: unknown } | undefined {
  const [, payload, signature, ...rest] = token.split('.');
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
