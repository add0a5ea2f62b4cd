import { answerJson } from './answers.ts';
import type { Parts } from './parts.ts';

/** `GET /settings` */
export async function describeSettings({ settings }: Parts): Promise<Response> {
  return answerJson({
    external: {
      bitbucket: false,
      github: false,
      gitlab: false,
      google: false,
      facebook: false,
      email: true,
      saml: false,
    },
    external_labels: {},
    disable_signup: settings.registration === 'closed',
    autoconfirm: settings.autoconfirm,
  });
}

/** `GET /health` */
export async function describeHealth(): Promise<Response> {
  return answerJson({
    description: 'GoTrue is a user registration and authentication API',
    name: 'GoTrue',
    version: '',
  });
}
