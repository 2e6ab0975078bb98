import { z } from 'zod';

import { StartError } from './start-error';

const answer = z.object({ data: z.object({ _service: z.object({ sdl: z.string() }) }) });

/**
 * Asks a subgraph for its SDL, the way every federated gateway may.
 * @throws StartError when it answers anything else
 */
export async function fetchSdl(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ _service { sdl } }' }),
    });
  } catch (error) {
    throw new StartError(`${url} does not answer: ${String(error)}`, { cause: error });
  }
  const text = await response.text();
  const parsed = answer.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new StartError(
      `${url} does not answer with its SDL, but with status ${String(response.status)}: ${text}`,
    );
  }
  return parsed.data.data._service.sdl;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
