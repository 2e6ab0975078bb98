// Asks the server in the same container whether it is alive, for a health check where there is no curl. Ends with 0 when it is.
const { ADMIN_PORT = '', HOST = '' } = process.env;
const ANYWHERE = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

function urlOf(path) {
  const host = ANYWHERE[HOST] ?? HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${ADMIN_PORT === '' ? '4003' : ADMIN_PORT}${path}`;
}

async function ask() {
  if (ADMIN_PORT === 'off') throw new Error('ADMIN_PORT is off, so that nothing tells of health');
  const url = urlOf('/health/live');
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  if (!ok) throw new Error(`${url} answered ${String(status)}`);
}

ask().catch((error) => {
  process.stderr.write(`${error.message}${error.cause ? ` (${error.cause.message})` : ''}\n`);
  process.exitCode = 1;
});
