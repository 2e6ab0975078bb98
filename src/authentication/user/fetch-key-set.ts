import { readKeySet, type KeySet } from './key-set';

/** For an answer to be there whole, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Of an answer, uncompressed. Issuers' sets have some ten thousand. */
const MOST_BYTES = 262_144;

/**
 * Asks an issuer for its keys.
 * @throws Error which says why there are none
 */
export async function fetchKeySet(url: string): Promise<KeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // Whoever could redirect us could hand us keys, and an issuer's address is one that its owner configured.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answered with status ${String(response.status)}`);
  }
  const text = await boundedText(response);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error('it answered with what is no JSON');
  }
  return readKeySet(document);
}

async function boundedText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // The body ends, and its connection with it, where this loop is left.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`it answered with more than ${String(MOST_BYTES)} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
