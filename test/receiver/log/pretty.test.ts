import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { createLogger } from '../../../receiver/log/log.ts';
import { pretty } from '../../../receiver/log/pretty.ts';
import { type JsonObject, parseExactJson } from '../../../src/lib/json.ts';
import { theValue } from '../../src/event/samples.ts';

it('the log for a terminal shows every digit of what is sent', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', format: pretty(), redact: (text) => text, write: (line) => lines.push(line) });
  const written = '{"run":9007199254740993,"list":[1.0]}';
  log.info({ body: { client_payload: theValue(parseExactJson(written)) as JsonObject } }, 'dispatch recorded');
  expect(stripVTControlCharacters(lines.join(''))).toContain(`INFO: dispatch recorded {"body":{"client_payload":${written}}}`);
});
