import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/** For `node --import`: writes down when the process loads which module, a line each, to the file that LOADED_MODULES names. */
const file = process.env.LOADED_MODULES ?? '';
registerHooks({
  load: (url, context, next) => {
    appendFileSync(file, `${Date.now()} ${url}\n`);
    return next(url, context);
  },
});
