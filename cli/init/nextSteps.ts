import type { InitPlan } from './plan.ts';
import { type ProjectFiles, packageManager } from './project.ts';
import { deployedUpstream } from './settingsFiles.ts';

/** One thing that is left to do, with the commands for it. */
export interface Step {
  readonly text: string;
  readonly commands: readonly string[];
}

const adds = { npm: 'npm install', pnpm: 'pnpm add', yarn: 'yarn add', bun: 'bun add' };

/** What is left to do by hand, in order: where in Netlify's dashboard, and the commands for Netlify's CLI. */
export function nextSteps(plan: InitPlan, files: ProjectFiles): Step[] {
  const { site, apiPrefix, isInstalled } = plan;
  const upstream = deployedUpstream(plan.upstream);
  const isElsewhere = plan.upstream !== undefined && plan.upstream !== upstream;
  const steps: Step[] = [];
  if (!isInstalled) {
    const add = `${adds[packageManager(files, site.folder)]} daypass`;
    const command = site.folder === '' ? add : `cd ${site.folder} && ${add}`;
    steps.push({ text: 'Add the package to the site.', commands: [command] });
  }
  steps.push(
    {
      text: 'Try it here, with stand-ins of Identity and Redis, in front of your backend.',
      commands: [`npx daypass dev --upstream ${plan.upstream ?? 'http://localhost:8000'}`],
    },
    {
      text: `Call your backend from the page under ${apiPrefix}: fetch('${apiPrefix}hello') reaches ${upstream}${apiPrefix}hello with a pass.`,
      commands: [],
    },
    {
      text: "In your backend, verify the pass with DAYPASS_SECRET and your site's primary URL as the issuer: Django and FastAPI with the Python package daypass, Node with daypass/verify, daypass/hono or daypass/express, Go and others as in docs/backends.md.",
      commands: [],
    },
  );
  if (site.folder !== '') {
    steps.push({
      text: `On Netlify, in Project configuration > Build & deploy > Continuous deployment > Build settings, set Base directory to ${site.folder}.`,
      commands: [],
    });
  }
  steps.push(
    {
      text: 'On Netlify, in Project configuration > Identity: Enable Identity. Registration preferences must be Open. In Emails > Confirmation template, check Allow users to sign up without verifying their email address. Every stranger can then sign up, so let your functions trust only roles that you gave, never mere log-in.',
      commands: [],
    },
    {
      text: `Set the environment variables: in Project configuration > Environment variables, with the scope Functions where your plan has scopes, or with Netlify's CLI. Your backend gets the same DAYPASS_SECRET; Redis is any database of Upstash.${isElsewhere ? ` DAYPASS_UPSTREAM is where Netlify reaches your backend, not ${plan.upstream}.` : ''}`,
      commands: [
        'DAYPASS_SECRET="$(npx daypass secret)"; echo "$DAYPASS_SECRET"   # copy it to the backend',
        'netlify env:set DAYPASS_SECRET "$DAYPASS_SECRET" --secret',
        'netlify env:set DAYPASS_PRIVATE_SECRET "$(npx daypass secret)" --secret',
        `netlify env:set DAYPASS_UPSTREAM ${upstream}`,
        'netlify env:set UPSTASH_REDIS_REST_URL https://your-database.upstash.io',
        'netlify env:set UPSTASH_REDIS_REST_TOKEN your-token --secret',
      ],
    },
    {
      text: 'Deploy, and check the site.',
      commands: [`npx daypass doctor https://your-site.example --path ${apiPrefix}hello`],
    },
  );
  return steps;
}
