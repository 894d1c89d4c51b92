import { redactorOf } from '../../src/lib/redact.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { compileRoute } from '../../src/route/route.ts';
import { type RollbackAnswer, rollbackAnswer } from '../admin/api.ts';
import { composeParts } from '../compose.ts';
import { readEnvironment } from '../environment.ts';
import { createLogger } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import type { RollbackRequest } from '../webhook/roll-back.ts';
import { loadConfig, noSuchConfig } from './load-config.ts';
import type { CommandIo } from './output.ts';

/** Plans a rollback with the config of this folder, as the receiver here would. Nothing is sent: that receiver does it. */
export async function rollBackHere(io: CommandIo, store: Store, request: RollbackRequest): Promise<Result<RollbackAnswer, string>> {
  const environment = readEnvironment(io.variables);
  if (!environment.ok) return err(environment.error.join('; '));
  const { configPath, secrets } = environment.value;
  const config = loadConfig(io.cwd, configPath);
  if (config === undefined) return err(noSuchConfig(configPath));
  if (!config.ok) return err(config.error.join('; '));
  const redactor = redactorOf(secrets);
  const log = createLogger({ level: 'warn', format: undefined, redact: redactor.text, write: (text) => io.complain(text.trimEnd()) });
  const { now, random, fetch } = io;
  const { rollBack } = await composeParts({
    runtime: { now, random, randomBytes: () => io.randomBytes(16), fetch, log, redactor },
    environment: environment.value,
    routes: config.value.routes.map(compileRoute),
    settings: config.value.settings,
    organization: config.value.organization,
    store,
    sandbox: false,
  });
  if (rollBack === undefined) return err('this receiver cannot roll back');
  const result = await rollBack(request);
  return result.ok ? ok(rollbackAnswer(result.value)) : result;
}
