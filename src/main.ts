import { loadProgram } from './load-program';

/** The server process. */
void loadProgram().then(({ serve }) => serve());
