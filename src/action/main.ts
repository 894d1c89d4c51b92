import { runAction } from './run.ts';

// The bundle is CommonJS, which has no await at its top level.
void runAction();
