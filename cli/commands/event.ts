import { createHash, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { type EventName, eventNames, isEventName } from '../../src/identity/events.ts';
import { defineCommand, type Options, UsageError, type Values } from '../command.ts';
import { describeOutcome, type Outcome } from '../event/describeOutcome.ts';
import { type EventBody, readPayload } from '../event/payload.ts';
import { openTarget, type TargetRequest } from '../event/target.ts';
import { type Io, plainLine, style, writeJson } from '../output.ts';
import { isConfidential } from '../site.ts';

export interface EventRequest {
  readonly event: EventName;
  readonly target: TargetRequest;
  readonly payload: EventBody;
  /** Key of the signature; without it, a random one. */
  readonly secret: string | undefined;
}

/** What became of an event. */
export interface SentEvent extends Outcome {
  readonly url: string;
  readonly status: number;
}

/**
 * Sends an event to an event function as GoTrue does, and reads the answer as GoTrue would.
 * @throws {CommandError} `function_unusable`, `server_unreachable`
 */
export async function sendEvent(
  io: Io,
  { event, target, payload, secret }: EventRequest,
): Promise<SentEvent> {
  const body = JSON.stringify(payload);
  const headers = {
    'user-agent': 'Go-http-client/1.1',
    'content-type': 'application/json',
    'x-netlify-event': `identity_${payload.event}`,
    'x-webhook-signature': await signEvent(io, { secret, body, instanceId: payload.instance_id }),
  };
  const { url, deliver, close } = await openTarget(io, event, target);
  try {
    const startedMilliseconds = io.now();
    const response = await deliver(
      // A redirect would take the signed event to another place, or make a GET of it, which says nothing.
      new Request(url, { method: 'POST', headers, body, redirect: 'manual' }),
    );
    const { status, headers: answered } = response;
    const text = await response.text();
    const tookMilliseconds = io.now() - startedMilliseconds;
    const location = status >= 300 && status < 400 ? (answered.get('location') ?? undefined) : undefined;
    const answer = { status, text, tookMilliseconds, location };
    return { url: url.href, status, ...describeOutcome(payload, answer) };
  } finally {
    await close();
  }
}

/** As GoTrue signs (netlify/gotrue, api/hooks.go): HS256 over the hash of the body. */
function signEvent(
  io: Pick<Io, 'now'>,
  { secret, body, instanceId }: { secret: string | undefined; body: string; instanceId: string },
): Promise<string> {
  const key = secret ?? randomBytes(32).toString('base64url');
  return new SignJWT({ sha256: createHash('sha256').update(body).digest('hex') })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('gotrue')
    .setSubject(instanceId)
    .setIssuedAt(Math.floor(io.now() / 1000))
    .sign(new TextEncoder().encode(key));
}

const names = Object.keys(eventNames);

const options = {
  project: {
    type: 'string',
    placeholder: '<folder>',
    description: 'The project whose function is run, by daypass-dev. Default: this folder',
  },
  function: { type: 'string', placeholder: '<name>', description: 'The function. Default: identity' },
  url: {
    type: 'string',
    placeholder: '<url>',
    description:
      "A running server's function instead, such as http://localhost:8888/.netlify/functions/identity",
  },
  email: {
    type: 'string',
    placeholder: '<address>',
    description: "The user's e-mail, in place of the sample's",
  },
  yes: { type: 'boolean', short: 'y', description: 'Add daypass-dev to the project where it is missing' },
  data: {
    type: 'string',
    placeholder: '<file>',
    description: 'The JSON body, in place of the sample: { event, instance_id, user }',
  },
} as const satisfies Options;

export const eventCommand = defineCommand({
  name: 'event',
  summary: 'Send an event of Identity to an event function, and say what GoTrue would make of the answer',
  positionals: `<${names.join('|')}>`,
  options,
  variables: {
    IDENTITY_WEBHOOK_SECRET: 'Key of the signature',
    IDENTITY_JWT_SECRET: 'In its place; without both, a random one signs',
  },
  examples: [
    'daypass event validate',
    'daypass event validate --email ada@example.com',
    'daypass event login --url http://localhost:8888/.netlify/functions/identity',
    'daypass event deleted --data deleted.json --env-file .env --json',
  ],
  async run({ values, positionals, io, isJson }) {
    const [event = ''] = positionals;
    if (!isEventName(event)) throw new UsageError(`Name one event: ${names.join(', ')}.`);
    const payload = await readPayload({
      ...{ event, email: values.email, dataFile: values.data },
      ...{ cwd: io.cwd, now: io.now() },
    });
    const secret = io.env.IDENTITY_WEBHOOK_SECRET || io.env.IDENTITY_JWT_SECRET || undefined;
    const target = readTarget(values);
    if (secret !== undefined && 'url' in target && !isConfidential(target.url.href))
      throw new UsageError(
        '--url must be an https URL, or one of this machine: the event is signed with the key of your site.',
      );
    const sent = await sendEvent(io, { event, target, payload, secret });
    if (isJson) {
      writeJson(io, sent);
    } else {
      io.writeError(`${plainLine(`POST ${sent.url} identity_${payload.event} ${payload.user.email}`)}\n`);
      const mark = sent.accepted ? style(io, 'green', '✓') : style(io, 'red', '✗');
      io.writeOut(`${mark} ${sent.lines.join('\n')}\n`);
    }
    return sent.accepted ? 0 : 1;
  },
});

function readTarget({ url, project, function: name, yes = false }: Values<typeof options>): TargetRequest {
  if (url === undefined) {
    if (name !== undefined && !/^[\w-]+$/.test(name))
      throw new UsageError('--function takes the name of a function, without a path.');
    return { project: project ?? '.', name: name ?? 'identity', yes };
  }
  if (project !== undefined || name !== undefined)
    throw new UsageError('--url names the function already: leave --project and --function out.');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError('--url must be an http(s) URL.');
  return { url: new URL(url) };
}
