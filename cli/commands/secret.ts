import { randomBytes } from 'node:crypto';
import { createKeyRing, introspectionSecret, maintenanceBearer } from '../../src/token/keys.ts';
import { defineCommand, UsageError } from '../command.ts';
import { type Io, writeJson } from '../output.ts';

/** A secret, and the `kid` of the tokens that it signs, by which two places can be compared. */
export interface NewSecret {
  readonly secret: string;
  readonly keyId: string;
}

/** Makes a strong secret: 32 random bytes as base64url. */
export async function makeSecret(): Promise<NewSecret> {
  const secret = randomBytes(32).toString('base64url');
  const { primary } = await createKeyRing({ audience: 'any', secret });
  return { secret, keyId: primary.id };
}

/** The variable from which the site's own secrets are derived. */
const privateSecretVariable = 'DAYPASS_PRIVATE_SECRET';

function readPrivateSecret(io: Io): string {
  const secret = io.env[privateSecretVariable];
  if (secret) return secret;
  throw new UsageError(
    `${privateSecretVariable} is missing: it is read from the environment or --env-file, never from an argument.`,
  );
}

export const secretCommand = defineCommand({
  name: 'secret',
  summary: 'Make a strong secret, or print one that is derived from DAYPASS_PRIVATE_SECRET',
  options: {
    introspection: {
      type: 'string',
      placeholder: '<audience>',
      description: 'Print the introspection secret of an audience',
    },
    maintenance: { type: 'boolean', description: 'Print the bearer of /session/stats and /session/sweep' },
  },
  examples: [
    'daypass secret',
    'daypass secret --introspection api --env-file .env',
    'daypass secret --maintenance --env-file .env',
  ],
  async run({ values, io, isJson }) {
    const { introspection, maintenance } = values;
    if (introspection !== undefined && maintenance)
      throw new UsageError('--introspection and --maintenance are two secrets: ask for one at a time.');
    const print = (answer: { secret: string; keyId?: string }, hint: string) => {
      if (isJson) {
        writeJson(io, answer);
      } else {
        io.writeOut(`${answer.secret}\n`);
        io.writeError(hint);
      }
      return 0 as const;
    };
    if (introspection !== undefined) {
      const secret = await introspectionSecret(readPrivateSecret(io), introspection);
      return print({ secret }, `Give it to the backend of the audience ${introspection} alone.\n`);
    }
    if (maintenance) {
      const secret = await maintenanceBearer(readPrivateSecret(io));
      return print({ secret }, 'Whoever holds it can read the counts of the site and start a sweep.\n');
    }
    const made = await makeSecret();
    return print(made, whereToSetIt(made));
  },
});

function whereToSetIt({ keyId }: NewSecret): string {
  return `
A new secret, shown this once; the key id of its tokens is ${keyId}. Make one for each variable:

  DAYPASS_SECRET          on the site and at the backend
  DAYPASS_PRIVATE_SECRET  on the site alone

On the site: Project configuration > Environment variables, with the scopes Functions and Runtime, then deploy. Or:

  netlify env:set DAYPASS_SECRET "$(npx daypass secret)" --secret --context production
`;
}
