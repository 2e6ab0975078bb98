import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whose secret it is. Both parts are authenticated, so that a row can't be given another's secret, or another account. */
export interface SecretOwner {
  readonly id: string;
  readonly accountId: string;
}

/** Encrypts a secret with AES-256-GCM: a fresh nonce, the authentication tag and the ciphertext, in this order. */
export function sealSecret(secret: string, owner: SecretOwner, encryptionKey: KeyObject): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, encryptionKey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(nameOf(owner));
  const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** The secret, or undefined where it was sealed under another key, for another owner, or is damaged. */
export function openSecret(sealed: Buffer, owner: SecretOwner, encryptionKey: KeyObject): string | undefined {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  if (tag.length !== TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, encryptionKey, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(nameOf(owner));
  decipher.setAuthTag(tag);
  try {
    const opened = [decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
    return Buffer.concat(opened).toString('utf8');
  } catch {
    return undefined;
  }
}

function nameOf({ id, accountId }: SecretOwner): Buffer {
  return Buffer.from(JSON.stringify([id, accountId]));
}
