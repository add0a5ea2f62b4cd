import { randomBytes } from 'node:crypto';
import { signEvent } from '../identity/events.ts';
import { describeOutcome, type Outcome } from './describeOutcome.ts';
import { openTarget } from './openTarget.ts';
import { readPayload } from './payload.ts';
import { readArguments, type SendOptions, usage } from './readArguments.ts';

async function send(options: SendOptions): Promise<Outcome> {
  const payload = await readPayload(options);
  const body = JSON.stringify(payload);
  const webhookSecret = options.secret ?? randomBytes(32).toString('base64url');
  const signature = await signEvent(
    {
      settings: { instanceId: payload.instance_id, webhookSecret },
      clock: { seconds: () => Math.floor(Date.now() / 1000) },
    },
    body,
  );
  const target = await openTarget(options);
  try {
    const headers = {
      'user-agent': 'Go-http-client/1.1',
      'content-type': 'application/json',
      'x-netlify-event': `identity_${payload.event}`,
      'x-webhook-signature': signature,
    };
    console.log(`POST ${target.url.href} identity_${payload.event} ${payload.user.email}`);
    const startedMilliseconds = performance.now();
    const response = await target.deliver(new Request(target.url, { method: 'POST', headers, body }));
    const text = await response.text();
    return describeOutcome(payload, {
      status: response.status,
      text,
      tookMilliseconds: performance.now() - startedMilliseconds,
    });
  } finally {
    await target.close();
  }
}

try {
  const options = readArguments(process.argv.slice(2), process.env);
  if (options) {
    const { accepted, lines } = await send(options);
    console.log(lines.join('\n'));
    process.exitCode = accepted ? 0 : 1;
  } else {
    console.log(usage);
  }
} catch (error) {
  console.error(`${(error as Error).message}\n(See --help.)`);
  process.exitCode = 1;
}
