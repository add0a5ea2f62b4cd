import { expect, test } from 'vitest';
import { mergeToml, parseToml, type Setting, valueAt } from '../../../cli/init/netlifyToml.ts';

const publish: Setting = { path: ['build', 'publish'], value: 'dist' };
const node: Setting = { path: ['build', 'environment', 'NODE_VERSION'], value: '22' };

test.each([
  ['no file', undefined, '[build]\n  publish = "dist"\n\n[build.environment]\n  NODE_VERSION = "22"\n'],
  ['an empty one', '', '[build]\n  publish = "dist"\n\n[build.environment]\n  NODE_VERSION = "22"\n'],
  [
    'comments and odd spaces',
    '# Ours.\n[ build ] # here\n    command   =  "make"   # not npm\n    # publish = "old"\n\n\n[dev]\nport=8080\n',
    '# Ours.\n[ build ] # here\n    command   =  "make"   # not npm\n    publish = "dist"\n    # publish = "old"\n\n\n[dev]\nport=8080\n\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
  [
    'lists of tables behind it',
    '[build]\ncommand = "make"\n\n[[edge_functions]]\npath = "/x"\nfunction = "x"\n\n[[redirects]]\nfrom = "/*"\nto = "/index.html"\nstatus = 200',
    '[build]\ncommand = "make"\npublish = "dist"\n\n[[edge_functions]]\npath = "/x"\nfunction = "x"\n\n[[redirects]]\nfrom = "/*"\nto = "/index.html"\nstatus = 200\n\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
  [
    'only a list of tables',
    '[[edge_functions]]\n  path = "/x"\n  function = "x"\n',
    '[[edge_functions]]\n  path = "/x"\n  function = "x"\n\n[build]\n  publish = "dist"\n\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
  [
    'lines that end as on Windows',
    '[build]\r\n  command = "make"\r\n[build.environment]\r\n  A = "b"\r\n',
    '[build]\r\n  command = "make"\r\n  publish = "dist"\r\n[build.environment]\r\n  A = "b"\r\n  NODE_VERSION = "22"\r\n',
  ],
  [
    'a table without keys, at the end of the file',
    '[build]',
    '[build]\n  publish = "dist"\n\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
  [
    'a table without keys, in front of another',
    '[build]\n[dev]\nport = 1\n',
    '[build]\n  publish = "dist"\n[dev]\nport = 1\n\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
  [
    'dotted keys',
    'build.command = "make"\n\n[dev]\nport = 1\n',
    'build.command = "make"\nbuild.publish = "dist"\n\n[dev]\nport = 1\n\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
  ['a dotted key in the table', '[build]\nenvironment.A = "b"\n', undefined],
  [
    'a list over several lines',
    '[build]\nignore = """\ngit diff\n"""\n[build.environment]\n',
    '[build]\nignore = """\ngit diff\n"""\npublish = "dist"\n[build.environment]\n  NODE_VERSION = "22"\n',
  ],
])('into %s, and keeps every other byte', (_what, text, merged) => {
  const { text: out, kept, unplaced } = mergeToml(text, [publish, node]);
  if (merged !== undefined) {
    expect(out).toBe(merged);
    expect(unplaced).toEqual([]);
    expect(valueAt(parseToml(out), node.path)).toBe('22');
  }
  expect(kept).toEqual([]);
  expect(valueAt(parseToml(out), publish.path)).toBe('dist');
  // What was there is there, in its order.
  let rest = out;
  for (const line of (text ?? '').split(/\r?\n/)) {
    expect(rest).toContain(line);
    rest = rest.slice(rest.indexOf(line) + line.length);
  }
  expect(mergeToml(out, [publish, node]).text).toBe(out);
});

test.each([
  ['[build]\npublish = "public"\n', 'public'],
  ['build = { publish = "public" }\n', 'public'],
  ['build.publish = "public"\n', 'public'],
  ['[build]\npublish = 3\n', 3],
])('a key that is there keeps its value, and is reported: %j', (text, present) => {
  expect(mergeToml(text, [publish])).toEqual({ text, kept: [{ ...publish, present }], unplaced: [] });
});

test.each([
  ['an inline table', 'build = { command = "make" }\n'],
  ['a key that is no table', '[build]\nenvironment = "x"\n', node],
  ['a header inside of a text', 'a = """\n[build]\n"""\nbuild = { }\n'],
])('%s, to which nothing can be added, is left as it is, and reported', (_what, text, setting = publish) => {
  expect(mergeToml(text, [setting])).toEqual({ text, kept: [], unplaced: [setting] });
});

test('values are written as TOML spells them', () => {
  const value = 'echo "a\\b"';
  const { text } = mergeToml(undefined, [{ path: ['build', 'command'], value }]);
  expect(valueAt(parseToml(text), ['build', 'command'])).toBe(value);
});
