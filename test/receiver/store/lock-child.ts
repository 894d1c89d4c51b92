/** Takes the lock of the receiver on a file and keeps it until it is killed, or says why it cannot. */
import { lockForReceiver } from '../../../receiver/store/sqlite/node-driver.ts';

try {
  const letGo = lockForReceiver(process.argv[2] ?? '');
  console.log('locked');
  setInterval(() => letGo, 1_000);
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
