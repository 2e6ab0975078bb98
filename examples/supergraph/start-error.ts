/** Explains to the user why the example can't run. Other errors are bugs. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
