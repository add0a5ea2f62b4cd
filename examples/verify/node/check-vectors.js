import { readFileSync } from 'node:fs';
import { errors } from 'jose';
import { verify } from './verify.js';

// Runs verify() over files of vectors: node check-vectors.js accept.json refuse.json

const wrong = [];
const vectors = process.argv.slice(2).flatMap((path) => JSON.parse(readFileSync(path, 'utf8')));
for (const { name, token, secret, secondarySecret, code, now, ...options } of vectors) {
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
console.log([...wrong, `${vectors.length} vectors, ${wrong.length} wrong`].join('\n'));
if (wrong.length > 0 || vectors.length === 0) process.exitCode = 1;
