import type { Reply } from './backend.ts';

/**
 * A reply as the REST API puts it into JSON. Bytes that are no UTF-8 become U+FFFD, unless the caller asked for
 * base64: then every string is encoded, save the bare `OK` (Upstash, "Base64 Encoded Responses").
 */
export function encodeReply(reply: Reply, base64: boolean): unknown {
  if (isOk(reply)) return 'OK';
  return encodeItem(reply, base64);
}

// Inside an array OK is encoded like everything else: the SDK decodes each string that it finds there.
function encodeItem(reply: Reply, base64: boolean): unknown {
  if (reply === null || typeof reply === 'number') return reply;
  if (Array.isArray(reply)) return reply.map((item) => encodeItem(item, base64));
  const bytes = Buffer.from(reply instanceof Error ? reply.message : reply);
  return bytes.toString(base64 ? 'base64' : 'utf8');
}

function isOk(reply: Reply): boolean {
  if (reply instanceof Uint8Array) return reply.length === 2 && reply[0] === 0x4f && reply[1] === 0x4b;
  return reply === 'OK';
}
