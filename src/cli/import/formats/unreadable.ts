/** What keeps a file from being read on: a phrase that follows the file's name and a colon. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
