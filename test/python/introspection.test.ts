import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../../dev/listen.ts';
import type { TokenResponse } from '../../src/protocol/messages.ts';
import { type BrokerStack, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { describeWith } from '../support/optional.ts';
import { packageFolder, preparePython } from './support/venv.ts';

describeWith('python3')('the introspection client of the Python package', () => {
  let python = '';
  let stack: BrokerStack;
  let site: Listening;
  beforeAll(async () => {
    python = await preparePython();
    stack = await startBrokerStack();
    site = await listen(async (request, clientAddress) => stack.app.fetch(request, { clientAddress }));
  }, 300_000);
  afterAll(async () => {
    await site.close();
    await stack.close();
  });

  async function ask(tokens: string[], secret: string): Promise<string[]> {
    const client = spawn(python, ['-m', 'tests.introspection.ask'], { cwd: packageFolder });
    client.stdin.end(JSON.stringify({ site: site.url, issuer: siteUrl, secret, tokens }));
    const [answers, errors] = await Promise.all([text(client.stdout), text(client.stderr)]);
    if (answers === '') throw new Error(errors);
    return JSON.parse(answers);
  }

  const begin = async () => {
    const answer = await stack.exchange(await stack.identityToken());
    return ((await answer.json()) as TokenResponse).access_token;
  };

  test('learns from a broker which tokens hold', async () => {
    const [token, ended] = [await begin(), await begin()];
    await stack.postForm('/session/revoke', { token: ended });
    const forged = `${token.slice(0, -4)}AAAA`;
    const secret = await stack.broker.privateKeys.introspectionSecret('api');
    const [first, ...rest] = await ask([token, ended, forged, 'nonsense'], secret);
    expect(first).toMatch(/^anon_/);
    expect(rest).toEqual(['token_inactive', 'token_inactive', 'token_malformed']);
    expect(await ask([token], 'a wrong secret: ü')).toEqual(['introspection_unavailable']);
  });
});
