/**
 * Loaded before a program that an npm script starts (`node -r`). npm sets NODE_ENV to production for all scripts where it leaves
 * development packages out, as `omit=dev` in .npmrc does, whatever the user set. Then the server would have no console, no explorer and
 * no introspection. So here NODE_ENV counts as unset; in production the server is started without npm: docs/guides/deploying.md.
 */
const omitted = (process.env['npm_config_omit'] ?? '').split(/\s+/);
if (process.env['npm_lifecycle_event'] !== undefined && omitted.includes('dev')) {
  delete process.env['NODE_ENV'];
}
