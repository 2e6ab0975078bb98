/** Why the example can't run, in words for whoever started it. Anything else that is thrown is a fault of the example's own. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
