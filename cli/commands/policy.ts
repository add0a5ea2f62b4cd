import { readEnvironment } from '../../src/netlify/environment.ts';
import type { Policy } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { CommandError, defineCommand } from '../command.ts';
import { type Io, style, writeJson } from '../output.ts';
import { formatPolicy, toPolicyInput } from '../policy/describe.ts';
import { configOption, loadPolicy } from '../policy/load.ts';
import { findWeaknesses } from '../policy/weaknesses.ts';
import { count } from '../words.ts';

export const policyCommand = defineCommand({
  name: 'policy',
  summary: "Check the site's policy, and print it with every default: for a build step",
  options: {
    config: configOption,
    'check-env': {
      type: 'boolean',
      description: 'Check the variables that the policy names, too: present, strong, all different',
    },
    quiet: { type: 'boolean', short: 'q', description: 'Print mistakes and weaknesses only' },
  },
  examples: [
    'daypass policy',
    'daypass policy --quiet && npm run build',
    'daypass policy --check-env --env-file .env',
    'daypass policy --json',
  ],
  async run({ values, io, isJson }) {
    const { policy, file } = await loadPolicy(io, { config: values.config, otherwise: 'refuse' });
    if (values['check-env']) await checkEnvironment(policy, io);
    const warnings = findWeaknesses(policy);
    if (isJson) {
      writeJson(io, { file, policy: toPolicyInput(policy), warnings });
    } else {
      if (!values.quiet) io.writeOut(formatPolicy(policy));
      for (const { id, message } of warnings)
        io.writeError(`${style(io, 'yellow', 'warning')}: ${message} (${id})\n`);
      if (!values.quiet && warnings.length === 0) io.writeError(`${file} is fine.\n`);
    }
    return warnings.length > 0 ? 2 : 0;
  },
});

/** @throws {CommandError} `environment_invalid`: all problems, and never a value */
async function checkEnvironment(policy: Policy, io: Io): Promise<void> {
  try {
    await readEnvironment(policy, (name) => io.env[name], io.now());
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const { problems } = error;
    const list = problems.map((problem) => `\n  ${problem}`).join('');
    throw new CommandError(
      'environment_invalid',
      `The environment has ${count(problems.length, 'mistake')}:${list}`,
      { details: { problems } },
    );
  }
}
