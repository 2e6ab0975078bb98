import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';

import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { createFetcher, readAddresses } from './fetcher';
import { storageWithoutHeaders } from './storage';
import { OPERATION_TABS, openTab } from './tabs';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no root');

const { query, variables } = openTab();
createRoot(root).render(
  <GraphiQL
    fetcher={createFetcher(await readAddresses())}
    defaultTabs={[...OPERATION_TABS]}
    initialQuery={query}
    initialVariables={variables}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
    storage={storageWithoutHeaders}
  />,
);
