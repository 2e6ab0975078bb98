import '@cloudscape-design/global-styles/index.css';
import './page.css';
import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { createRoot } from 'react-dom/client';
import { start } from './start';

const dark = matchMedia('(prefers-color-scheme: dark)');
const followColorScheme = (): void => {
  applyMode(dark.matches ? Mode.Dark : Mode.Light);
};
dark.addEventListener('change', followColorScheme);
followColorScheme();

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no element #root');
void start(createRoot(element));
