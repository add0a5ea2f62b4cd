import { readFileSync } from 'node:fs';
import { errors } from 'jose';
import { readToken, verify } from './verify.js';

// Runs verify() and readToken() over files of vectors: node check-vectors.js accept.json refuse.json fields.json

const wrong = [];
const vectors = process.argv.slice(2).flatMap((path) => JSON.parse(readFileSync(path, 'utf8')));
for (const { name, fields, token, secret, secondarySecret, code, now, ...options } of vectors) {
  if (fields) {
    const read = tokenIn(fields);
    if (read !== (code === 'token_missing' ? undefined : (token ?? 'refused'))) wrong.push(`read: ${name}`);
    continue;
  }
  const secrets = [secret, secondarySecret].filter((each) => each !== undefined);
  const accepted = await verify(token, { ...options, secrets, now: new Date(now * 1000) }).then(
    () => true,
    (error) => {
      if (error instanceof errors.JOSEError) return false;
      throw error;
    },
  );
  if (accepted !== (code === null)) wrong.push(`${accepted ? 'accepted' : 'refused'}: ${name}`);
}
/** What a backend reads from the fields, or that it refuses them. */
function tokenIn(fields) {
  try {
    return readToken(fields.authorization, fields['x-daypass']);
  } catch (error) {
    if (error instanceof errors.JOSEError) return 'refused';
    throw error;
  }
}

console.log([...wrong, `${vectors.length} vectors, ${wrong.length} wrong`].join('\n'));
if (wrong.length > 0 || vectors.length === 0) process.exitCode = 1;
