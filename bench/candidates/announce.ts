import type { Server } from 'node:http';

/** Prints a candidate's URL, in the form of the app's log, so that all candidates are parsed the same way. */
export function announce(origin: string): void {
  console.log(`ready at ${new URL('/graphql', origin).href}`);
}

/** Listens, and prints the URL. */
export function listenAndAnnounce(server: Server, host: string, port: number): void {
  server.listen(port, host, () => {
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new Error('the server does not listen on a port');
    announce(`http://${host}:${String(address.port)}`);
  });
}
