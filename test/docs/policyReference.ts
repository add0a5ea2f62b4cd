import { definePolicy } from '../../src/policy/define.ts';
import type { CheckedWindows } from '../../src/policy/types.ts';

// Reads src/policy/types.ts as text: declarations in the form that the formatter gives them.

/** A field of an interface. */
interface Field {
  name: string;
  isOptional: boolean;
  type: string;
  /** Its docstring, line breaks taken out. */
  text: string;
  /** Of an object written in place. */
  fields: Field[];
}

/** The interfaces of the source by name, each with its docstring. */
export function readInterfaces(source: string): Map<string, { text: string; fields: Field[] }> {
  // What `definePolicy` returns comes after what an owner writes.
  const lines = (source.split('\n/** An audience with its defaults')[0] ?? '').split('\n');
  const interfaces = new Map<string, { text: string; fields: Field[] }>();
  let text = '';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('/**')) ({ text, at } = readComment(lines, at));
    const [, name] = /^export interface (\w+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const read = readFields(lines, at + 1);
    interfaces.set(name, { text, fields: read.fields });
    at = read.at;
  }
  return interfaces;
}

function readComment(lines: readonly string[], start: number): { text: string; at: number } {
  let at = start;
  while (!lines[at]?.includes('*/')) at += 1;
  const text = lines
    .slice(start, at + 1)
    .map((line) => line.replace(/^\s*\/?\*+\/? ?/, '').replace(/\s*\*\/$/, ''))
    .join(' ');
  return { text: text.trim().replaceAll(/\s+/g, ' '), at };
}

/** @returns the fields up to the brace that closes them, and the line of that */
function readFields(lines: readonly string[], start: number): { fields: Field[]; at: number } {
  const fields: Field[] = [];
  let text = '';
  for (let at = start; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').trim();
    if (line.startsWith('}')) return { fields, at };
    if (line.startsWith('/**')) {
      ({ text, at } = readComment(lines, at));
      continue;
    }
    const [, name, optional, type = ''] = /^(\w+)(\?)?: (.+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`What is this? ${line}`);
    const inner = type === '{' ? readFields(lines, at + 1) : undefined;
    fields.push({
      name,
      isOptional: optional !== undefined,
      type: inner ? 'object' : type.replace(/;$/, ''),
      text,
      fields: inner?.fields ?? [],
    });
    text = '';
    if (inner) at = inner.at;
  }
  throw new Error('A brace is open.');
}

/** What a field is worth that the policy leaves out. */
export type Defaults = Readonly<Record<string, unknown>>;

/** A policy that says nothing but what has defaults of its own. */
const policy = definePolicy({ admission: { proof: 'proof-of-work' } });
const [route] = policy.routes;

/** Interfaces with a section of their own: where their fields stand, and their defaults. */
const sections: { name: string; heading: string; prefix: string; defaults: Defaults }[] = [
  { name: 'PolicyInput', heading: 'The policy', prefix: '', defaults: { ...policy, admission: undefined } },
  {
    name: 'Audience',
    heading: 'An audience',
    prefix: 'audiences.<name>.',
    defaults: { scopes: policy.audiences.api?.scopes },
  },
  { name: 'Route', heading: 'A route', prefix: 'routes[].', defaults: { ...route, limits: undefined } },
  { name: 'Limit', heading: 'A limit', prefix: '', defaults: { algorithm: 'sliding-window' } },
  {
    name: 'CallLimits',
    heading: 'Limits of calls',
    prefix: 'limits.',
    defaults: policy.limits as unknown as Defaults,
  },
  {
    name: 'Limits',
    heading: 'Limits of everything else',
    prefix: 'limits.',
    defaults: policy.limits as unknown as Defaults,
  },
  {
    name: 'Admission',
    heading: 'Admission',
    prefix: 'admission.',
    defaults: { ...policy.admission, proof: definePolicy({ admission: {} }).admission?.proof },
  },
  {
    name: 'ProofOfWork',
    heading: 'Proof of work',
    prefix: 'admission.proofOfWork.',
    defaults: (policy.admission?.proofOfWork ?? {}) as unknown as Defaults,
  },
];

/** A field with the place where the policy has it. */
interface Placed {
  path: string;
  field: Field;
  default: unknown;
}

/** All fields of one section, those of objects inside it too. */
function place(fields: readonly Field[], prefix: string, defaults: Defaults): Placed[] {
  return fields.flatMap((field) => {
    const path = prefix + field.name;
    if (field.fields.length === 0) return [{ path, field, default: defaults[field.name] }];
    const inner = place(field.fields, `${path}.`, (defaults[field.name] ?? {}) as Defaults);
    return field.text === '' ? inner : [{ path, field, default: undefined }, ...inner];
  });
}

/** Every field of the policy, by the section that describes it. */
export function placedFields(source: string): { heading: string; text: string; fields: Placed[] }[] {
  const interfaces = readInterfaces(source);
  return sections.map(({ name, heading, prefix, defaults }) => {
    const found = interfaces.get(name);
    if (!found) throw new Error(`There is no interface ${name}.`);
    return { heading, text: found.text, fields: place(found.fields, prefix, defaults) };
  });
}

function showDefault({ field, default: value }: Placed): string {
  if (!field.isOptional && value === undefined) return 'required';
  if (field.type === 'object') return 'an object';
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
    return `default: ${/Default: (.+?)[.;](?= |$)/.exec(field.text)?.[1] ?? 'none'}`;
  if (field.type === 'LimitWindows')
    return `default: ${(value as CheckedWindows).map(showWindow).join(', ')}`;
  if (field.name === 'audiences') return "default: `{ api: { secret: 'DAYPASS_SECRET' } }`";
  if (field.name === 'routes') return "default: `[{ path: '/api/*' }]`";
  if (field.name === 'path') return 'required';
  if (typeof value === 'object') return 'defaults: below';
  return `default: \`${typeof value === 'string' ? `'${value}'` : value}\``;
}

function showWindow({ limit, windowSeconds, algorithm }: CheckedWindows[number]): string {
  return `${limit} in ${windowSeconds} s${algorithm === 'fixed-window' ? ', fixed' : ''}`;
}

/** The reference, as docs/policy.md shows it. */
export function policyReference(source: string): string {
  return placedFields(source)
    .map(({ heading, text, fields }) =>
      [
        `## ${heading}`,
        text,
        ...fields.map((placed) => {
          const type = placed.field.type === 'object' ? '' : `\`${placed.field.type}\`, `;
          return `### \`${placed.path}\`\n\n${type}${showDefault(placed)}\n\n${wrap(placed.field.text)}`;
        }),
      ].join('\n\n'),
    )
    .join('\n\n');
}

/** Lines of at most 120 characters. */
function wrap(text: string): string {
  return text.replaceAll(/(.{1,118}\S)(?:\s+|$)/g, '$1\n').trim();
}
