/** Opens the store on a file, which others may be making at the same moment, and stores one event. */
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { accept, eventOf } from './samples.ts';

const [path = '', id = ''] = process.argv.slice(2);
try {
  const store = sqliteStore(openSqlite(path));
  await accept(store, eventOf(id, { subject: id }));
  await store.close();
  console.log('accepted');
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
