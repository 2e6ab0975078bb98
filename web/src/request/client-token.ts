/** A token that names one request. `crypto.randomUUID` exists only on https and on this machine. */
export function newClientToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
