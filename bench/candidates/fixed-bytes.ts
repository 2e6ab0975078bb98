import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { listenAndAnnounce } from './announce';

/** Reads each request to its end and responds with the same bytes. No GraphQL server on node:http can be faster. */
const [, , bodyFile = ''] = process.argv;
const body = readFileSync(bodyFile);
const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length };
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, headers).end(body);
  });
});
listenAndAnnounce(server, '127.0.0.1', 0);
