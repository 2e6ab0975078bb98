import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The access key that a secret belongs to. Authenticated with the ciphertext, so that it cannot be moved to another row. */
export interface SecretOwner {
  readonly id: string;
  readonly accountId: string;
}

/** Encrypts a secret with AES-256-GCM. Returns the nonce, the authentication tag and the ciphertext, in this order. */
export function encryptSecret(secret: string, owner: SecretOwner, encryptionKey: KeyObject): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, encryptionKey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(authenticatedData(owner));
  const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** Undefined if the secret was encrypted with another key or for another owner, or is damaged. */
export function decryptSecret(
  encrypted: Buffer,
  owner: SecretOwner,
  encryptionKey: KeyObject,
): string | undefined {
  const nonce = encrypted.subarray(0, NONCE_BYTES);
  const tag = encrypted.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  if (tag.length !== TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, encryptionKey, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticatedData(owner));
  decipher.setAuthTag(tag);
  try {
    const decrypted = [decipher.update(encrypted.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
    return Buffer.concat(decrypted).toString('utf8');
  } catch {
    return undefined;
  }
}

function authenticatedData({ id, accountId }: SecretOwner): Buffer {
  return Buffer.from(JSON.stringify([id, accountId]));
}
