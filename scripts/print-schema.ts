import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildSubgraph } from '../src/subgraph/schema';

/** `npm run schema`: writes the SDL that the resolvers make to where it is committed. */
writeFileSync(join(__dirname, '..', 'schema', 'schema.graphql'), buildSubgraph().sdl);
