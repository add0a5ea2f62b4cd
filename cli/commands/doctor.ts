import { defineCommand, type ExitCode, UsageError } from '../command.ts';
import { type Diagnosis, diagnose } from '../doctor/diagnose.ts';
import { formatDiagnosis } from '../doctor/report.ts';
import { writeJson } from '../output.ts';
import { configOption, loadPolicy } from '../policy/load.ts';

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'Find the one setting that is wrong: on a site, at its backend, between the two',
  positionals: '[url]',
  options: {
    backend: {
      type: 'string',
      placeholder: '<url>',
      description: 'Where the backend answers by itself. Default: DAYPASS_UPSTREAM of the environment',
    },
    path: {
      type: 'string',
      placeholder: '<path>',
      description: 'A path of the API that answers GET with a token. Default: a route of the policy',
    },
    origin: {
      type: 'string',
      multiple: true,
      placeholder: '<origin>',
      description: 'An origin whose pages are to call from elsewhere',
    },
    'identity-url': {
      type: 'string',
      placeholder: '<url>',
      description: 'Identity, where it is not at the site. Default: IDENTITY_URL of the environment',
    },
    config: configOption,
  },
  variables: {
    URL: 'The site, where the command line names none; the issuer, where the policy names none',
    CONTEXT: 'Deploy context of the tokens that are signed here. Default: production, dev on this machine',
    DAYPASS_UPSTREAM: 'The backend, where --backend names none; or what the policy names',
    IDENTITY_URL: 'Identity, where --identity-url names none',
    IDENTITY_OPERATOR_TOKEN: 'Deletes the user of the trial at IDENTITY_URL, should the site not do so',
    IDENTITY_WEBHOOK_SECRET: 'Checks that the site verifies the events of your GoTrue with it',
    DAYPASS_SECRET:
      'Checks its strength, and what the backend accepts; DAYPASS_SECRET_SECONDARY too, or what the policy names',
    DAYPASS_PRIVATE_SECRET: 'Checks its strength',
    UPSTASH_REDIS_REST_URL: 'Checks, with UPSTASH_REDIS_REST_TOKEN, that Redis evicts no keys',
  },
  examples: [
    'daypass doctor https://your-site.example --path /api/hello',
    'daypass doctor --env-file .env --backend https://backend.example',
    'daypass doctor https://your-site.example --origin https://app.example --json',
  ],
  async run({ values, positionals, io, isJson }) {
    const url = readUrl('The site', positionals[0] ?? (io.env.URL || undefined));
    if (url === undefined) throw new UsageError('Name the site: daypass doctor https://your-site.example.');
    const { policy, file } = await loadPolicy(io, { config: values.config, otherwise: 'default' });
    if (values.path !== undefined && !/^\/(?![/\\])/.test(values.path))
      throw new UsageError(`--path: ${values.path} must begin with one slash.`);
    const diagnosis = await diagnose({
      url,
      backend: readUrl('--backend', values.backend),
      identityUrl: readUrl('--identity-url', values['identity-url']),
      path: values.path,
      origins: values.origin?.map(readOrigin) ?? [],
      variables: io.env,
      policy: file === undefined ? undefined : policy,
      fetch: io.fetch,
      now: io.now,
      ...(!isJson && { onCheck: (title) => io.writeError(`${title} …\n`) }),
    });
    if (isJson) writeJson(io, diagnosis);
    else io.writeOut(`\n${formatDiagnosis(diagnosis, io)}`);
    return exitCodeOf(diagnosis);
  },
});

/** 1 where something is broken, 2 where something is weak; notes are no fault. */
export function exitCodeOf({ findings }: Pick<Diagnosis, 'findings'>): ExitCode {
  const has = (severity: string) => findings.some((each) => each.severity === severity);
  if (has('broken')) return 1;
  return has('weak') ? 2 : 0;
}

function readUrl(what: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${what} must be an http or https URL, such as https://your-site.example.`);
  }
  if (url.username || url.password) throw new UsageError(`${what} must hold no user name or password.`);
  return text;
}

/** As browsers send it in `Origin`: of apps too, whose schemes have no origin in the URL standard. */
function readOrigin(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#@]+$/.test(text)) return text;
  throw new UsageError(`--origin: ${text} must be an origin such as https://app.example, without a path.`);
}
