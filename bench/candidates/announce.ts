import type { Server } from 'node:http';

/** Says where a candidate listens, in the words of the app's own log, so that one reader understands them all. */
export function announce(origin: string): void {
  console.log(`ready at ${new URL('/graphql', origin).href}`);
}

/** Listens, and says where. */
export function listenAndAnnounce(server: Server, host: string, port: number): void {
  server.listen(port, host, () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
    announce(`http://${host}:${String(address.port)}`);
  });
}
