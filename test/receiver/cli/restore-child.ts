/** Replaces a database, and dies after the step that is named. */
import { replaceDatabase } from '../../../receiver/store/sqlite/replace-file.ts';

const [path = '', by = '', keepAs = '', last = ''] = process.argv.slice(2);
replaceDatabase({
  path,
  by,
  keepAs,
  onStep: (step) => {
    if (step === last) process.kill(process.pid, 'SIGKILL');
  },
});
