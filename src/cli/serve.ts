import type { Command } from 'commander';

/** @param startServer is called when the command line is valid */
export function addServe(program: Command, startServer: () => void): void {
  program
    .command('serve')
    .description('start the server; SIGTERM or Ctrl-C stops it')
    .addHelpText(
      'after',
      `
Serves GraphQL on http://127.0.0.1:4001/graphql, the Proton endpoint for AWS clients on port
4002, and health and metrics on port 4003. Environment variables configure it, among them:
  DATABASE_URL          where connections are stored (sqlite:./data/proton.db)
  HOST, PORT            where GraphQL listens (127.0.0.1, 4001)
  PROTON_ENDPOINT_PORT  port for AWS clients (4002); "off" turns it off
  ADMIN_PORT            port for health and metrics (4003); "off" turns it off
  LOG_LEVEL             trace, debug, info, warn, error, fatal or silent (info)

Exit codes: 0 after a graceful stop; 1 if the configuration is invalid, the store can't be
opened, a port is in use, or requests were aborted.

Examples:
  proton-subgraph serve
  DATABASE_URL=sqlite:/var/lib/proton/proton.db PORT=8080 proton-subgraph serve
  LOG_LEVEL=debug PROTON_ENDPOINT_PORT=off proton-subgraph serve`,
    )
    .action(startServer);
}
