import { describe, expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';

const problemsOf = (...origins: unknown[]): readonly string[] => {
  try {
    definePolicy({ origins: origins as string[] });
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems;
  }
};

const extension = 'abcdefghijklmnopabcdefghijklmnop';
const uuid = '2c127fa4-62c7-7e4f-90e5-472b45eecfdc';

/** As the platforms send them in `Origin`. */
test.each([
  'https://app.example',
  'https://app.example:8443',
  'http://localhost',
  'http://localhost:5173',
  'http://127.0.0.1:8100',
  'http://[::1]:3000',
  // Capacitor on Android, and on iOS; Ionic's web view.
  'https://localhost',
  'capacitor://localhost',
  'ionic://localhost',
  // Tauri on macOS and Linux, and on Windows and Android.
  'tauri://localhost',
  'http://tauri.localhost',
  'https://tauri.localhost',
  `chrome-extension://${extension}`,
  `moz-extension://${uuid}`,
  `safari-web-extension://${uuid.toUpperCase()}`,
  // Electron and its kin.
  'app://-',
  'app://obsidian.md',
  'app://bundle:3000',
  'my-app+x.1://Main_Window',
  // Figma's and other sandboxed frames: said by whoever means it.
  'null',
])('%s is one', (origin) => {
  expect(definePolicy({ origins: [origin] }).origins).toEqual([origin]);
});

describe('what would never match is refused, with a remedy', () => {
  test.each([
    ['*', /\* stands for nothing here; list each origin/],
    ['https://*.example.com', /list each origin/],
    ['https://app-*.example', /list each origin/],
    ['chrome-extension://*', /list each origin/],
    ['capacitor://*', /list each origin/],
    ['http://localhost:*', /list each origin/],
    ['https://app.example/', /without path or trailing slash/],
    ['https://app.example/x', /without path or trailing slash/],
    ['https://App.example', /must be an https origin/],
    ['https://app.example:443', /must be an https origin/],
    ['http://app.example', /must be an https origin/],
    ['http://localhost.example', /must be an https origin/],
    ['app.example', /must be an https origin/],
    ['', /must be an https origin/],
    [undefined, /must be an https origin/],
    [/example/, /must be an https origin/],
    ['capacitor://localhost/', /without path or trailing slash/],
    ['capacitor://localhost/index.html', /without path or trailing slash/],
    ['capacitor://', /must be an https origin/],
    ['capacitor:localhost', /must be an https origin/],
    ['Capacitor://localhost', /scheme in lower case/],
    ['capacitor://localhost?x', /without path or trailing slash/],
    ['capacitor://localhost#x', /without path or trailing slash/],
    ['app://user@host', /must be an https origin/],
    ['app://a b', /must be an https origin/],
    ['app://a,b', /must be an https origin/],
    ['app://ü', /must be an https origin/],
    ['app://a:b', /must be an https origin/],
    ['chrome-extension://my-extension', /32 letters from a to p/],
    [`chrome-extension://${extension.toUpperCase()}`, /32 letters from a to p/],
    ['moz-extension://me@example.com', /UUID/],
    ['safari-web-extension://x', /UUID/],
    // Any file of a device says so, and no page is served from the others.
    ['file://', /file:\/\/ stands for every file/],
    ['file:///index.html', /file:\/\/ stands for every file/],
    ['ws://app.example', /must be an https origin/],
    ['wss://app.example', /must be an https origin/],
    ['ftp://app.example', /must be an https origin/],
    ['blob:https://app.example', /must be an https origin/],
    ['data:text/html,x', /must be an https origin/],
  ])('%o', (origin, message) => {
    const problems = problemsOf('https://app.example', origin);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^origins: /);
    expect(problems[0]).toMatch(message);
  });
});

test('an issuer is a web site all the same', () => {
  for (const issuer of ['capacitor://localhost', 'null', '*', `chrome-extension://${extension}`])
    expect(() => definePolicy({ issuer })).toThrow(ConfigurationError);
});
