import { randomBytes } from 'node:crypto';
import type { Upstream } from '../../../dev/server/parts.ts';
import type { SiteOptions } from '../../../src/token/createVerifier.ts';
import { prepareEnvironment } from './prepareEnvironment.ts';
import { runDjango } from './run.ts';

/** Who reads what Django says. */
export interface DjangoOutput {
  /** Takes a line when something has to be installed first. */
  print(line: string): void;
  /** Takes Django's log. */
  log(text: string): void;
}

/**
 * Starts the Django example as the API behind the gate, in Django's debug mode: there it accepts the tokens of a dev site.
 * @throws {Error} python3 is missing or too old, an installation failed, or Django's checks did; the message says which
 */
export async function startDjango(verifier: SiteOptions, output: DjangoOutput): Promise<Upstream> {
  const python = await prepareEnvironment(output.print);
  const password = randomBytes(12).toString('base64url');
  const environment = {
    DJANGO_DEBUG: '1',
    // The gate says under which host the site was called, a tunnel's too; only the gate reaches this server.
    DJANGO_ALLOWED_HOSTS: '*',
    DJANGO_SECRET_KEY: randomBytes(32).toString('base64url'),
    DJANGO_SUPERUSER_PASSWORD: password,
    DAYPASS_SECRET: verifier.secret ?? '',
    DAYPASS_SECRET_SECONDARY: verifier.secondarySecret ?? '',
    DAYPASS_ISSUER: verifier.issuer,
  };
  const { url, stop } = await runDjango(python, environment, output.log);
  return {
    url,
    name: `Django at ${url}`,
    notes: [`Members log in as demo, password ${password}: ${url}/api/private/token, ${url}/admin/`],
    close: stop,
  };
}
