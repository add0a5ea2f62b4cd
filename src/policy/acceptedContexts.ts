import type { DeployContext } from '../protocol/deployContext.ts';
import type { Policy } from './types.ts';

/** Deploy contexts whose tokens a deploy accepts: unless the policy says otherwise, its own alone. */
export function acceptedContexts(deploy: {
  policy: Policy;
  deployContext: DeployContext;
}): readonly DeployContext[] {
  return deploy.policy.deployContexts ?? [deploy.deployContext];
}
