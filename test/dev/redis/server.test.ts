import { describe, expect, test } from 'vitest';
import { hashScript } from '../../../dev/redis/command.ts';
import { createScriptTranslator, withoutUpstashFlag } from '../../../dev/redis/server.ts';

describe('withoutUpstashFlag', () => {
  test.each([
    ['#!lua flags=allow-key-locking\nreturn 1', '\nreturn 1'],
    ['#!lua flags=allow-key-locking,no-writes\nreturn 1', '#!lua flags=no-writes\nreturn 1'],
    ['#!lua flags=no-writes,allow-key-locking\nreturn 1', '#!lua flags=no-writes\nreturn 1'],
    ['#!lua flags=no-writes\nreturn 1', '#!lua flags=no-writes\nreturn 1'],
    ['#!lua flags=allow-key-locking', ''],
    ['return 1', 'return 1'],
    ["return '\n#!lua flags=allow-key-locking'", "return '\n#!lua flags=allow-key-locking'"],
  ])('%j becomes %j', (script, expected) => {
    expect(withoutUpstashFlag(script)).toBe(expected);
  });
});

describe('createScriptTranslator', () => {
  const flagged = '#!lua flags=allow-key-locking\nreturn 1';
  const sent = hashScript('\nreturn 1');

  test('a hash is translated from the first EVAL on', () => {
    const translate = createScriptTranslator();
    const byHash = ['EVALSHA', hashScript(flagged), '0'] as const;
    expect(translate(byHash).command).toEqual(byHash);
    expect(translate(['EVAL', flagged, '0']).command).toEqual(['EVAL', '\nreturn 1', '0']);
    expect(translate(byHash).command).toEqual(['EVALSHA', sent, '0']);
    expect(translate(['EVALSHA_RO', hashScript(flagged), '0']).command).toEqual(['EVALSHA_RO', sent, '0']);
  });

  test('SCRIPT LOAD answers with the hash that the caller knows, or with the refusal', () => {
    const { command, read } = createScriptTranslator()(['SCRIPT', 'load', flagged]);
    expect(command).toEqual(['SCRIPT', 'load', '\nreturn 1']);
    expect(read(Buffer.from(sent))).toBe(hashScript(flagged));
    const refusal = new Error('ERR Error compiling script');
    expect(read(refusal)).toBe(refusal);
  });

  test('everything else goes as it is', () => {
    const translate = createScriptTranslator();
    for (const command of [
      ['SET', flagged, flagged],
      ['SCRIPT', 'FLUSH'],
      ['SCRIPT', 'LOAD'],
      ['EVAL'],
      ['PING'],
    ]) {
      expect(translate(command as ['PING']).command).toEqual(command);
    }
  });
});
