import { parseArgs } from 'node:util';
import { type EventName, eventNames } from './payload.ts';

export const usage = `Usage: node dev/events/send.ts <${Object.keys(eventNames).join('|')}> [options]

Sends an event of Identity to an event function, as GoTrue does, and reports what GoTrue would make of the answer.

  --project <folder>  the project whose function is run. Default: this folder
  --function <name>   the function. Default: identity
  --url <url>         a running server's function instead, such as http://localhost:9999/.netlify/functions/identity
  --email <address>   the user's e-mail, in place of the sample's
  --data <file>       the JSON body, in place of the sample: { event, instance_id, user }
  --secret <text>     key of the signature. Default: IDENTITY_WEBHOOK_SECRET, IDENTITY_JWT_SECRET,
                      else a random one`;

const isEventName = (name: string): name is EventName => Object.hasOwn(eventNames, name);

export interface SendOptions {
  event: EventName;
  target: { url: URL } | { project: string; function: string };
  email: string | undefined;
  dataFile: string | undefined;
  secret: string | undefined;
}

/**
 * Reads the command line.
 * @returns undefined when help was asked for
 * @throws {TypeError} with what is wrong
 */
export function readArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): SendOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      project: { type: 'string' },
      function: { type: 'string' },
      url: { type: 'string' },
      email: { type: 'string' },
      data: { type: 'string' },
      secret: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const [event = '', ...more] = positionals;
  if (!isEventName(event) || more.length > 0) {
    throw new TypeError(`Name one event: ${Object.keys(eventNames).join(', ')}.`);
  }
  return {
    event,
    target: readTarget(values),
    email: values.email,
    dataFile: values.data,
    secret: values.secret || env.IDENTITY_WEBHOOK_SECRET || env.IDENTITY_JWT_SECRET || undefined,
  };
}

function readTarget(values: {
  url?: string | undefined;
  project?: string | undefined;
  function?: string | undefined;
}): SendOptions['target'] {
  const { url, project = '.', function: name = 'identity' } = values;
  if (url === undefined) {
    if (!/^[\w-]+$/.test(name))
      throw new TypeError('--function takes the name of a function, without a path.');
    return { project, function: name };
  }
  if (values.project !== undefined || values.function !== undefined) {
    throw new TypeError('--url names the function already: leave --project and --function out.');
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError('--url must be an http(s) address.');
  }
  return { url: new URL(url) };
}
