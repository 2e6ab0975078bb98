/** What is wrong with the access keys, or with the key that their secrets are sealed under, told to an operator. */
export class AccessKeyError extends Error {
  override readonly name = 'AccessKeyError';
}
