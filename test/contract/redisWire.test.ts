import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { isLeftOf } from '../support/redisParts.ts';
import { ask, onEachRedis, send } from './redisBackends.ts';

// Upstash's REST protocol, read off the wire. Source: Upstash, "REST API".

onEachRedis('wire', (bridge, name) => {
  test('the bearer is asked for before anything else', async () => {
    const refused = '{"error":"WRONGPASS invalid or missing auth token"}';
    const { token } = bridge();
    const wrong = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: token },
      { authorization: `Basic ${token}` },
    ];
    for (const headers of wrong as Record<string, string>[]) {
      for (const path of ['/', '/pipeline', '/multi-exec', '/set/a/b']) {
        const { status, text } = await send(bridge(), path, '["PING"]', { headers });
        expect([path, status, text]).toEqual([path, 401, refused]);
      }
    }
  });

  test('methods other than GET, HEAD, POST and PUT are 405', async () => {
    for (const method of ['DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await send(bridge(), '/', undefined, {
        method,
        headers: { authorization: `Bearer ${bridge().token}` },
      });
      expect([method, status, headers.get('allow')]).toEqual([method, 405, 'GET, HEAD, POST, PUT']);
    }
  });

  test('a body that is no command is 400', async () => {
    for (const body of ['', '{', '{}', 'null', '"PING"', '[[]]', '[null]', '[{"a":1}]', '["GET",["k"]]']) {
      const { status, text } = await send(bridge(), '/', body);
      expect([body, status, text]).toEqual([body, 400, '{"error":"ERR failed to parse command"}']);
    }
    for (const body of ['[]', '[""]']) {
      expect(await send(bridge(), '/', body)).toMatchObject({
        status: 400,
        text: '{"error":"ERR empty command"}',
      });
    }
  });

  test('a body that is no list of commands is 400', async () => {
    for (const [path, what] of [
      ['/pipeline', 'pipeline'],
      ['/multi-exec', 'transaction'],
    ] as const) {
      for (const body of ['', '{', '{}', '["PING"]', '[["PING"],null]', '[["GET",null]]']) {
        const { status, text } = await send(bridge(), path, body);
        expect([body, status, text]).toEqual([body, 400, `{"error":"ERR failed to parse ${what} request"}`]);
      }
      const empty = await send(bridge(), path, '[]');
      expect(empty).toMatchObject({ status: 400, text: `{"error":"ERR empty ${what} request"}` });
    }
  });

  test('one command: 200 with result, 400 with error', async () => {
    const key = randomUUID();
    expect(await ask(bridge(), '/', ['set', key, 7])).toEqual({ status: 200, answer: { result: 'OK' } });
    expect(await ask(bridge(), '/', ['GET', key])).toEqual({ status: 200, answer: { result: '7' } });
    expect(await ask(bridge(), '/', ['GET', `${key}:none`])).toEqual({
      status: 200,
      answer: { result: null },
    });
    expect(await ask(bridge(), '/', ['INCR', key])).toEqual({ status: 200, answer: { result: 8 } });
    await ask(bridge(), '/', ['HSET', `${key}:hash`, 'field', 'value']);
    expect(await ask(bridge(), '/', ['GETDEL', `${key}:hash`])).toEqual({
      status: 400,
      answer: { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
    });
  });

  test('an unknown command is an error that names it', async () => {
    const { status, answer } = await ask(bridge(), '/', ['NONSENSE', 'x']);
    expect(status).toBe(400);
    expect(answer).toEqual({ error: expect.stringMatching(/^ERR .*'NONSENSE'/) });
  });

  test('a command in the path, with a body and a query behind it', async () => {
    const key = `päth/${randomUUID()}`;
    const path = encodeURIComponent(key);
    expect((await send(bridge(), `/set/${path}?EX=100&NX`, 'a b/c')).text).toBe('{"result":"OK"}');
    const headers = { authorization: `Bearer ${bridge().token}` };
    expect((await send(bridge(), `/get/${path}`, undefined, { method: 'GET', headers })).text).toBe(
      '{"result":"a b/c"}',
    );
    const { answer } = await ask(bridge(), '/', ['TTL', key]);
    expect((answer as { result: number }).result).toSatisfy(isLeftOf(100));
    expect((await send(bridge(), '/get/%ff', undefined)).status).toBe(400);
    expect((await send(bridge(), '/nonsense', undefined)).status).toBe(400);
  });

  test('commands that would disturb the shared connection are refused, wherever they stand', async () => {
    const error = (command: string) =>
      `ERR Command "${command}" is not allowed in REST or it has a special context path`;
    for (const command of ['MULTI', 'subscribe', 'BLPOP', 'SELECT', 'QUIT', 'SHUTDOWN', 'MONITOR', 'AUTH']) {
      const { status, answer } = await ask(bridge(), '/', [command, '1', '1']);
      expect([status, answer]).toEqual([400, { error: error(command.toUpperCase()) }]);
    }
    expect((await ask(bridge(), '/', ['XREAD', 'block', 0, 'STREAMS', 's', '0'])).answer).toEqual({
      error: error('XREAD'),
    });
    const key = randomUUID();
    expect((await ask(bridge(), '/pipeline', [['SET', key, 1], ['EXEC'], ['GET', key]])).answer).toEqual([
      { result: 'OK' },
      { error: error('EXEC') },
      { result: '1' },
    ]);
    expect(await ask(bridge(), '/multi-exec', [['INCR', key], ['DISCARD']])).toEqual({
      status: 400,
      answer: { error: error('DISCARD') },
    });
    expect((await ask(bridge(), '/', ['GET', key])).answer).toEqual({ result: '1' });
  });

  test('a pipeline goes on behind an item that fails', async () => {
    const key = randomUUID();
    await ask(bridge(), '/', ['HSET', `${key}:hash`, 'field', 'value']);
    const { status, answer } = await ask(bridge(), '/pipeline', [
      ['SET', key, 'one'],
      ['GETDEL', `${key}:hash`],
      ['NONSENSE'],
      ['EVALSHA', '0'.repeat(40), 0],
      ['GET', key],
    ]);
    expect(status).toBe(200);
    expect(answer).toEqual([
      { result: 'OK' },
      { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
      { error: expect.stringMatching(/^ERR .*'NONSENSE'/) },
      { error: 'NOSCRIPT No matching script. Please use EVAL.' },
      { result: 'one' },
    ]);
  });

  test('a transaction goes on behind an item that fails, and is discarded for one that cannot be', async () => {
    const key = randomUUID();
    await ask(bridge(), '/', ['HSET', `${key}:hash`, 'field', 'value']);
    expect(
      await ask(bridge(), '/multi-exec', [
        ['INCR', key],
        ['GETDEL', `${key}:hash`],
        ['INCR', key],
      ]),
    ).toEqual({
      status: 200,
      answer: [
        { result: 1 },
        { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
        { result: 2 },
      ],
    });
    expect(await ask(bridge(), '/multi-exec', [['INCR', key], ['NONSENSE']])).toEqual({
      status: 400,
      answer: { error: 'EXECABORT Transaction discarded because of previous errors.' },
    });
    expect((await ask(bridge(), '/', ['GET', key])).answer).toEqual({ result: '2' });
  });

  test('base64 covers every string but the bare OK', async () => {
    const key = randomUUID();
    const base64 = { 'upstash-encoding': 'base64' };
    const encoded = (text: string) => Buffer.from(text).toString('base64');
    expect((await ask(bridge(), '/', ['SET', key, 'é'], base64)).answer).toEqual({ result: 'OK' });
    expect((await ask(bridge(), '/', ['GET', key], base64)).answer).toEqual({ result: encoded('é') });
    expect((await ask(bridge(), '/', ['STRLEN', `${key}:none`], base64)).answer).toEqual({ result: 0 });
    const script = "return {'OK', {'x', 1, false}, redis.status_reply('OK')}";
    expect((await ask(bridge(), '/', ['EVAL', script, 0], base64)).answer).toEqual({
      result: [encoded('OK'), [encoded('x'), 1, null], encoded('OK')],
    });
    expect((await ask(bridge(), '/pipeline', [['GET', key], ['GET']], base64)).answer).toMatchObject([
      { result: encoded('é') },
      name === 'memory' ? { result: null } : { error: "ERR wrong number of arguments for 'get' command" },
    ]);
  });

  test('a thousand callers on connections of their own: one is given the mark', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => send(bridge(), '/', `["set","${key}","v","nx","ex",1000]`)),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.filter(({ text }) => text === '{"result":"OK"}')).toHaveLength(1);
    expect(answers.filter(({ text }) => text === '{"result":null}')).toHaveLength(999);
  });

  test('both counters tell requests from commands', async () => {
    const before = { requests: bridge().requests, commands: bridge().commands };
    await ask(bridge(), '/pipeline', [['PING'], ['PING'], ['PING']]);
    await ask(bridge(), '/', ['PING']);
    await send(bridge(), '/', '["PING"]', { headers: {} });
    expect(bridge().requests - before.requests).toBe(3);
    expect(bridge().commands - before.commands).toBe(4);
  });
});
