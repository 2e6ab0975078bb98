// Checks that the server in the same container is live, for images without curl. Exits with 0 if it is.
const { ADMIN_PORT = '', HOST = '' } = process.env;
const LOOPBACK_OF = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

function urlOf(path) {
  const host = LOOPBACK_OF[HOST] ?? HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${ADMIN_PORT === '' ? '4003' : ADMIN_PORT}${path}`;
}

async function check() {
  if (ADMIN_PORT === 'off') throw new Error('ADMIN_PORT is off, so health can not be checked');
  const url = urlOf('/health/live');
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  if (!ok) throw new Error(`${url} returned ${String(status)}`);
}

check().catch((error) => {
  process.stderr.write(`${error.message}${error.cause ? ` (${error.cause.message})` : ''}\n`);
  process.exitCode = 1;
});
