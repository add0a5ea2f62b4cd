import { expect, test } from 'vitest';
import { formatEvent } from '../../cli/dev/report.ts';
import { finding } from '../../cli/doctor/findings.ts';
import { main } from '../../cli/main.ts';
import { privateSecret } from '../support/tokens.ts';
import { createFolder } from './support/project.ts';
import { createTestIo } from './support/testIo.ts';

// What a server or a token says reaches the terminal as plain text: nothing that it obeys, or that turns a line around.

/** Clears the screen, names the window, goes to another line, and the same in C1, and writes from right to left. */
const evil = '\u001b[2J\u001b]0;title\u0007\u009b31mred\r\u202eabc';
const obeyed = /[^\P{C}\n]/u;

/** All that a command writes, as it is. */
async function write(args: readonly string[], answer: () => Response, env: Record<string, string> = {}) {
  let text = '';
  const keep = (more: string) => {
    text += more;
  };
  const io = {
    ...createTestIo({
      cwd: createFolder(),
      env: { DAYPASS_PRIVATE_SECRET: privateSecret, ...env },
      fetch: async () => answer(),
      sleep: async () => undefined,
    }),
    writeOut: keep,
    writeError: keep,
  };
  await main(args, io);
  return text;
}

const site = 'https://site.example';
const stats = {
  mode: evil,
  counts: [{ day: '2026-11-29', event: evil, code: evil, route: evil, count: evil }],
};
const sweep = { seen: evil, deleted: 1, gone: 0, kept: 0, failed: 0, unread: 0, done: true, note: evil };
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = [
  part({ alg: 'HS256', typ: 'JWT', kid: evil, [evil]: 1 }),
  part({ iss: evil, [evil]: evil }),
  'AA',
];
const hook = ['event', 'validate', '--url', 'http://localhost/hook'];

test.each<[string, string[], () => Response]>([
  ['stats', ['stats', site], () => Response.json(stats)],
  ['stats --watch', ['stats', site, '--watch', '--times', '2'], () => Response.json(stats)],
  ['sweep', ['sweep', site], () => Response.json(sweep)],
  [
    "a broker's refusal",
    ['stats', site],
    () => Response.json({ code: evil, detail: `no ${evil}` }, { status: 403 }),
  ],
  ["a function's refusal", hook, () => new Response(`no ${evil}`, { status: 500 })],
  [
    "a function's reply",
    hook,
    () => Response.json({ app_metadata: { provider: 'email', roles: [`\u009b31m\u202e`] } }),
  ],
  ['verify', ['verify', token.join('.')], () => new Response()],
])('%s writes nothing that a terminal obeys, with --json either', async (_, args, answer) => {
  for (const more of [[], ['--json']]) {
    const text = await write([...args, ...more], answer);
    expect(text).not.toBe('');
    expect(obeyed.exec(text)?.[0]).toBeUndefined();
  }
});

test('--json keeps what was said, escaped', async () => {
  const text = await write(['stats', site, '--json'], () => Response.json(stats));
  expect(JSON.parse(text).mode).toBe(evil);
});

test('a finding is plain, and what was seen is one line', () => {
  const { what, detail, remedy } = finding('broker_failed', {
    what: evil,
    detail: `a\n${evil}`,
    remedy: `a\nb${evil}`,
  });
  expect(obeyed.exec(what + detail + remedy)).toBeNull();
  expect([detail?.includes('\n'), remedy.startsWith('a\nb')]).toEqual([false, true]);
});

test('a request of daypass dev is one plain line', () => {
  const text = formatEvent(
    {
      kind: 'request',
      ...{
        method: 'GET',
        path: `/api/${evil}`,
        route: evil,
        session: evil,
        status: 500,
        code: `${evil}\n`,
        remedy: undefined,
      },
    } as unknown as Parameters<typeof formatEvent>[0],
    { hasColours: false },
  );
  expect(obeyed.exec(text)).toBeNull();
  expect(text.split('\n')).toHaveLength(2);
  const line = `{"daypass":"refused","cause":${JSON.stringify(evil)}}`;
  expect(
    obeyed.exec(
      formatEvent({ kind: 'line', from: 'functions', stream: 'stdout', line }, { hasColours: false }),
    ),
  ).toBeNull();
});
