/**
 * Reads the results that a gateway sends as server-sent events: the data of each `next` event, until the `complete` event.
 * @throws Error when the connection ends before that
 */
export async function* readResults({
  body,
}: Pick<Response, 'body'>): AsyncGenerator<unknown, void, undefined> {
  if (!body) throw new Error('the response has no body');
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const lines = event.split('\n');
      if (lines.includes('event: complete')) return;
      const data = lines.find((line) => line.startsWith('data: '));
      if (lines.includes('event: next') && data !== undefined) yield JSON.parse(data.slice('data: '.length));
    }
  }
  throw new Error('the events ended without notice');
}
