/**
 * The code of an error that the operating system reported, as in `ENOENT`; undefined for an error without one. Told by its code
 * and not by its class, which may be of another realm.
 */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'its path leads through something that is no folder',
  EACCES: 'this user has no right to it',
  EPERM: 'this user has no right to it',
  ENOSPC: 'the disk is full',
  EIO: 'the disk reports an error',
  EROFS: 'the disk can only be read',
  ENOTFILE: 'it is no regular file',
};

/** What is wrong with a file, as a phrase that follows its name and a colon. */
export function explainFileError(error: unknown): string {
  const explained = EXPLANATIONS[codeOf(error) ?? ''];
  if (explained !== undefined) return explained;
  return error instanceof Error ? error.message : String(error);
}
