import { isDeepStrictEqual } from 'node:util';
import { plainLine, plainText } from '../output.ts';
import type { EventBody } from './payload.ts';

export interface Outcome {
  accepted: boolean;
  /** For people. */
  lines: string[];
}

/** GoTrue waits this long, in milliseconds. */
const timeoutMilliseconds = 5000;

/** What GoTrue would make of an event function's answer (netlify/gotrue, api/hooks.go). */
export function describeOutcome(
  { event, user }: EventBody,
  answer: { status: number; text: string; tookMilliseconds: number; location?: string | undefined },
): Outcome {
  const { status, text, tookMilliseconds, location } = answer;
  const refused = (verdict: string): Outcome => ({
    accepted: false,
    lines: [
      `${status} after ${Math.round(tookMilliseconds)} ms: ${verdict}`,
      ...(location ? [plainLine(`It redirects to ${location}, which was not followed.`)] : []),
      ...(text ? [plainText(text.slice(0, 1000))] : []),
    ],
  });
  const past = event === 'usermodified' || event === 'userdeleted';
  const then = (status: number) =>
    past ? 'then only logs it: the change is committed, and the caller gets 200.' : `then answers ${status}.`;
  if (tookMilliseconds > timeoutMilliseconds)
    return refused(`too late; GoTrue waits 5 s, tries three times, ${then(504)}`);
  if (![200, 202, 204].includes(status)) return refused(`refused; GoTrue tries three times, ${then(422)}`);
  const reply = readReply(text);
  if (!reply) return refused(`not understood; GoTrue ${past ? 'only logs it.' : 'answers 500.'}`);
  if (event === 'userdeleted') {
    return {
      accepted: true,
      lines: [`${status} after ${Math.round(tookMilliseconds)} ms: accepted; the user is gone.`],
    };
  }
  const changes = (['app_metadata', 'user_metadata'] as const).map((name) => {
    const [before, after] = [user[name] ?? {}, reply[name] ?? user[name] ?? {}];
    if (isDeepStrictEqual(before, after)) return `${name}: unchanged`;
    return `${name}: ${JSON.stringify(before)} becomes ${JSON.stringify(after)}`;
  });
  const had = (user.app_metadata as Metadata)?.provider;
  const losesProvider = reply.app_metadata && had && !reply.app_metadata.provider;
  return {
    accepted: true,
    lines: [
      `${status} after ${Math.round(tookMilliseconds)} ms: accepted`,
      ...changes.map(plainLine),
      ...(losesProvider ? ['The reply drops provider: GoTrue replaces app_metadata as a whole.'] : []),
    ],
  };
}

type Metadata = Record<string, unknown> | null | undefined;

/** undefined for what GoTrue cannot decode; nothing at all is a reply that changes nothing. */
function readReply(text: string): { app_metadata?: Metadata; user_metadata?: Metadata } | undefined {
  try {
    const reply = (text === '' ? null : JSON.parse(text)) ?? {};
    const maps = [reply, reply.app_metadata ?? {}, reply.user_metadata ?? {}];
    return maps.every((map) => typeof map === 'object' && !Array.isArray(map)) ? reply : undefined;
  } catch {
    return undefined;
  }
}
