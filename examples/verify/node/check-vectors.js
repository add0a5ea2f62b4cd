import { readFileSync } from 'node:fs';
import { errors } from 'jose';
import { createVerifier, readToken } from './verify.js';

// Runs a verifier and readToken over files of vectors: node check-vectors.js accept.json refuse.json sites.json fields.json

const wrong = [];
const vectors = process.argv.slice(2).flatMap((path) => JSON.parse(readFileSync(path, 'utf8')));
for (const vector of vectors) {
  if (vector.fields) {
    const { name, fields, code, token } = vector;
    const expected = code === 'token_missing' ? undefined : (token ?? 'refused');
    if (tokenIn(fields) !== expected) wrong.push(`read: ${name}`);
    continue;
  }
  const accepted = await accepts(vector);
  if (accepted !== (vector.code === null)) wrong.push(`${accepted ? 'accepted' : 'refused'}: ${vector.name}`);
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

/** Settings that cannot work accept nothing. */
async function accepts({ token, now, acceptedIssuer, sites: several, ...one }) {
  const sites = (several ?? [one]).map(({ secret, secondarySecret, issuer, audience, deployContexts }) => ({
    secrets: secondarySecret === undefined ? [secret] : [secret, secondarySecret],
    issuer,
    audience,
    deployContexts,
  }));
  try {
    const { iss } = await createVerifier(...sites)(token, new Date(now * 1000));
    return iss === (acceptedIssuer ?? sites[0].issuer);
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}
