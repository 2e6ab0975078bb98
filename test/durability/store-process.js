/**
 * The control plane over its store and nothing else, in a process that is there to be killed. Says on standard output, in one
 * write before it asks for something and one after it was acknowledged, what a client would know when the process dies. It is started
 * before its turn, and opens the store when it receives a byte on standard input.
 */
const { readSync, writeSync } = require('node:fs');

const { createEmbeddedProtonService } = require('../../dist/control-plane/control-plane');
const { openSqliteStore } = require('../../dist/control-plane/sqlite/sqlite-store');
const { unrestrictedViewer } = require('../../dist/proton/viewer');

const [location, round] = process.argv.slice(2);
const CLIENTS = 6;
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);

readSync(0, Buffer.alloc(1));
const service = createEmbeddedProtonService({
  store: openSqliteStore({ location }),
  settings: { defaultRegion: 'us-east-1', defaultAccountId: undefined, connectionQuota: 1_000_000 },
});
const session = service.session(unrestrictedViewer('someone'));

async function writeOnce(name, deletes) {
  const asking = {
    managementAccountId: '111111111111',
    environmentAccountId: '222222222222',
    environmentName: name,
    clientToken: name,
  };
  say('create', name);
  const { id } = await session.createConnection(asking);
  say('created', name, id);
  await session.tagConnection({ id, tags: [{ key: 'name', value: name }] });
  say('tagged', name, id);
  await session.acceptConnection({ id });
  say('accepted', name, id);
  if (!deletes) return;
  say('delete', name, id);
  await session.deleteConnection({ id });
  say('deleted', name, id);
}

async function client(number) {
  for (let count = 0; ; count += 1) await writeOnce(`r${round}-c${number}-${count}`, count % 3 === 2);
}

say('ready');
Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number))).catch((error) => {
  say('failed', error.message);
  process.exit(1);
});
