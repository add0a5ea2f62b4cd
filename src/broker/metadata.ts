import { tokenExchangeGrant } from '../protocol/messages.ts';
import { challengePath, introspectPath, revokePath, tokenPath } from '../protocol/wire.ts';
import type { BrokerDependencies } from './dependencies.ts';

/**
 * The broker's metadata (RFC 8414 §2). `daypass_admission` is ours: which proof a sign-up needs, and how hard it is now.
 * @param origin where this deploy answers; the issuer is the same in every deploy
 */
export async function metadata(
  broker: Pick<BrokerDependencies, 'policy' | 'issuer' | 'proofMethod'>,
  origin: string,
): Promise<Record<string, unknown>> {
  const scopes = new Set(Object.values(broker.policy.audiences).flatMap((audience) => audience.scopes));
  return {
    issuer: broker.issuer,
    token_endpoint: origin + tokenPath,
    revocation_endpoint: origin + revokePath,
    introspection_endpoint: origin + introspectPath,
    grant_types_supported: [tokenExchangeGrant],
    // RFC 8414 §2 requires the field, empty or not; there is no authorization endpoint to respond.
    response_types_supported: [],
    // RFC 8414 §3.2: what would be empty is left out.
    ...(scopes.size > 0 && { scopes_supported: [...scopes] }),
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
    ...(broker.proofMethod && {
      daypass_admission: {
        ...(await broker.proofMethod.describe()),
        challenge_endpoint: origin + challengePath,
      },
    }),
  };
}
