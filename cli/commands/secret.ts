import { introspectionSecret, maintenanceBearer } from '../../src/token/keys.ts';
import { defineCommand, UsageError } from '../command.ts';
import { type Io, writeJson } from '../output.ts';
import { configOption } from '../policy/load.ts';
import { rotationSteps } from '../secret/planRotation.ts';
import { makeSecret, type NewSecret, rotate } from '../secret/runRotation.ts';
import { audienceOption } from '../site.ts';

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
  summary:
    'Make a strong secret, walk through a rotation, or print what is derived from DAYPASS_PRIVATE_SECRET',
  options: {
    rotate: {
      type: 'boolean',
      description: 'Walk through a rotation: what to set where, and how long to wait',
    },
    step: {
      type: 'string',
      placeholder: '<step>',
      description: `With --rotate: one step. ${rotationSteps.slice(0, 3).join(', ')}; at once: ${rotationSteps.slice(3).join(', ')}`,
    },
    show: { type: 'boolean', description: 'With --rotate: print the secrets of the environment, too' },
    audience: {
      ...audienceOption,
      description: "With --rotate: audience of the policy. Default: the policy's first",
    },
    config: configOption,
    introspection: {
      type: 'string',
      placeholder: '<audience>',
      description: 'Print the introspection secret of an audience',
    },
    maintenance: { type: 'boolean', description: 'Print the bearer of /session/stats and /session/sweep' },
  },
  variables: {
    DAYPASS_PRIVATE_SECRET: 'For --introspection and --maintenance',
    DAYPASS_SECRET:
      'With --rotate: named by its key id, as DAYPASS_SECRET_SECONDARY is; or what the policy names',
  },
  examples: [
    'daypass secret',
    'daypass secret --rotate --step add',
    'daypass secret --rotate --step swap --env-file .env',
    'daypass secret --rotate --step leaked --json',
    'daypass secret --introspection api --env-file .env',
    'daypass secret --maintenance --env-file .env',
  ],
  async run({ values, io, isJson }) {
    const { introspection, maintenance, step, show = false, audience, config } = values;
    if ([values.rotate, introspection, maintenance].filter(Boolean).length > 1)
      throw new UsageError(
        '--rotate, --introspection and --maintenance are three things: ask for one at a time.',
      );
    if (values.rotate) {
      await rotate(io, isJson, { step, show, audience, config });
      return 0;
    }
    if (step !== undefined || show || audience !== undefined || config !== undefined)
      throw new UsageError('--step, --show, --audience and --config belong to --rotate.');
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

On the site: Project configuration > Environment variables, with the scope Functions, then deploy. Or:

  netlify env:set DAYPASS_SECRET "$(npx daypass secret)" --secret --context production
`;
}
