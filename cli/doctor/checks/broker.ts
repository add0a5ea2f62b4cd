import type { CauseId, StatusCheck, StatusResponse } from '../../../src/protocol/causes.ts';
import { metadataPath, requestIdHeader, statusPath } from '../../../src/protocol/wire.ts';
import { type Finding, finding, findings } from '../findings.ts';
import { type Answer, type Check, describeAnswer, send, type Trial } from '../trial.ts';

/** The site itself, its broker, and what these say of themselves. */
export const brokerChecks: readonly Check[] = [
  { id: 'site', title: 'The site answers', needs: [], run: checkSite },
  { id: 'broker', title: 'The broker answers at /session/*', needs: ['site'], run: checkBroker },
  {
    id: 'settings',
    title: 'Policy and variables of the site',
    needs: ['broker'],
    run: async (trial) => [...said(trial, ['policy', 'secrets']), ...warned(trial)],
  },
  {
    id: 'redis',
    title: 'Redis answers and can be written',
    needs: ['settings'],
    run: async (trial) => said(trial, ['redis']),
  },
  {
    id: 'upstream',
    title: 'The site reaches its backend',
    needs: ['settings'],
    run: async (trial) => said(trial, ['upstream']),
  },
  { id: 'metadata', title: 'Metadata of the broker', needs: ['settings'], run: checkMetadata },
  {
    id: 'platform',
    title: 'The platform strips header fields of its own',
    needs: ['settings'],
    run: checkPlatformFields,
  },
];

async function checkSite(trial: Trial): Promise<Finding[]> {
  const [page, status] = await Promise.all([send(trial, '/'), send(trial, statusPath)]);
  if (!page && !status)
    return [finding('site_unreachable', { detail: `GET ${trial.site}/ gave no answer.` })];
  // A page of the site's own may be 401; a private project is so everywhere, and no function of it is reached.
  if (page?.status === 401 && status?.status === 401 && status.code === undefined)
    return [finding('site_password', { detail: `${trial.site} answers 401 at every path.` })];
  const target = status && redirectOf(trial, status);
  if (target === undefined) return [];
  // The log-in of Netlify's own teams.
  if (/(^|\.)netlify\.com$/.test(target.hostname))
    return [finding('site_password', { detail: `${trial.site} leads to ${target.origin}.` })];
  return [finding('site_redirects', { detail: `${trial.site} leads to ${target.origin}.` })];
}

/** Where an answer leads, if that is another origin. */
function redirectOf({ site }: Trial, { status, headers }: Answer): URL | undefined {
  const location = headers.get('location') ?? '';
  if (status < 300 || status >= 400 || !URL.canParse(location, site)) return undefined;
  const target = new URL(location, site);
  return target.origin === site ? undefined : target;
}

async function checkBroker(trial: Trial): Promise<Finding[]> {
  const answer = await send(trial, statusPath, { headers: { accept: 'application/json' } });
  if (answer && isStatus(answer)) {
    trial.status = answer.json as unknown as StatusResponse;
    if (answer.clock !== undefined) trial.clocks.platform = answer.clock;
    const { time } = trial.status;
    if (typeof time === 'number') trial.clocks.broker = time - trial.now() / 1000;
    return [];
  }
  const detail = `GET ${statusPath} gave ${describeAnswer(answer)}.`;
  if (answer?.code === 'rate_limited')
    return [{ ...finding('rate_limited', { detail }), severity: 'broken' }];
  return [finding(answer && answer.status >= 500 ? 'broker_failed' : 'broker_not_found', { detail })];
}

function isStatus({ status, json }: Answer): boolean {
  return status === 200 && typeof json.ok === 'boolean' && Array.isArray(json.checks);
}

/** What the site says is at fault, in its own words. */
export function said({ status }: Trial, names: readonly StatusCheck['name'][]): Finding[] {
  return (status?.checks ?? []).flatMap(({ name, ok, cause, what, remedy }) => {
    if (ok || !names.includes(name)) return [];
    // A site may run a version that knows more causes than this one.
    const id = cause && Object.hasOwn(findings, cause) ? cause : undefined;
    if (id === undefined) return [finding('broker_failed', { detail: `${name}: ${remedy}` })];
    return [
      finding(id, {
        ...(what !== undefined && { what }),
        ...(remedy !== undefined && { remedy }),
      }),
    ];
  });
}

const weakCauses = ['mode_monitor', 'store_failure_allow', 'turnstile_test_key'] as const satisfies CauseId[];

/** Those of the site's warnings that are findings. */
function warned({ status }: Trial): Finding[] {
  const warnings = status?.warnings ?? [];
  return weakCauses
    .filter((id) => warnings.some((warning) => warning.startsWith(findings[id].what)))
    .map((id) => finding(id));
}

async function checkMetadata(trial: Trial): Promise<Finding[]> {
  const answer = await send(trial, metadataPath);
  if (answer?.status === 200 && typeof answer.json.issuer === 'string') {
    trial.metadata = answer.json;
    return [];
  }
  return [finding('metadata_not_routed', { detail: `GET ${metadataPath} gave ${describeAnswer(answer)}.` })];
}

/** The platform names each request in `x-nf-request-id`. A visitor who could would pass for another in the log. */
async function checkPlatformFields(trial: Trial): Promise<Finding[]> {
  const forged = crypto.randomUUID();
  const answer = await send(trial, statusPath, {
    headers: { accept: 'application/json', 'x-nf-request-id': forged },
  });
  if (answer?.headers.get(requestIdHeader) !== forged) return [];
  return [
    finding('platform_fields_believed', { detail: 'x-nf-request-id of this machine named the request.' }),
  ];
}
