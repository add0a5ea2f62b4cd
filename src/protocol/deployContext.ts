/** Netlify's deploy contexts, as the claim `deploy_context` names them. */
export const deployContexts = ['production', 'deploy-preview', 'branch-deploy', 'dev'] as const;

export type DeployContext = (typeof deployContexts)[number];

/**
 * Folds what Netlify calls a context into one of ours. A branch with a context of its own is a branch deploy.
 * @param name `context.deploy.context` of the platform; absent means a machine of a developer
 */
export function toDeployContext(name: string | undefined): DeployContext {
  if (name === undefined || name === '') return 'dev';
  return deployContexts.find((known) => known === name) ?? 'branch-deploy';
}
