import { z } from 'zod';

import { StartError } from './start-error';

const sdlResponse = z.object({ data: z.object({ _service: z.object({ sdl: z.string() }) }) });

/**
 * Queries a subgraph's SDL, as a federation gateway does.
 * @throws StartError when there is no response with an SDL
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
    throw new StartError(`${url} does not respond: ${String(error)}`, { cause: error });
  }
  const text = await response.text();
  const parsed = sdlResponse.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new StartError(`${url} did not return its SDL, but status ${String(response.status)}: ${text}`);
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
