import type { CheckedRoute, Policy } from '../../src/policy/types.ts';
import { causeText } from '../../src/protocol/causes.ts';

/** Something in a policy that works, and protects less than it seems to. */
export interface Weakness {
  /** Stable, for programs. */
  readonly id:
    | 'mode_monitor'
    | 'store_failure_allow'
    | 'null_origin'
    | 'deploy_contexts'
    | 'route_unreachable';
  readonly message: string;
}

/** What a policy allows that its owner should know. A policy without any setting has none. */
export function findWeaknesses(policy: Policy): Weakness[] {
  const { mode, storeFailure, origins, deployContexts = [], routes } = policy;
  const weaknesses: Weakness[] = [];
  if (mode === 'monitor') weaknesses.push({ id: 'mode_monitor', message: causeText('mode_monitor') });
  if (storeFailure === 'allow')
    weaknesses.push({ id: 'store_failure_allow', message: causeText('store_failure_allow') });
  if (origins.includes('null')) {
    const message =
      "origins has 'null', which stands for sandboxed frames on any site: anyone who puts one on a page can begin sessions through their visitors.";
    weaknesses.push({ id: 'null_origin', message });
  }
  const others = deployContexts.filter((context) => context !== 'production');
  if (others.length > 0 && others.length < deployContexts.length) {
    const message = `deployContexts has ${others.join(' and ')} besides production: tokens of such deploys open the production backend.`;
    weaknesses.push({ id: 'deploy_contexts', message });
  }
  routes.forEach((route, index) => {
    const earlier = routes.slice(0, index).findIndex((other) => covers(other, route));
    if (earlier < 0) return;
    const message = `routes[${index}] (${route.path}) is never reached: routes[${earlier}] (${routes[earlier]?.path}) comes first and takes its paths. Move it up.`;
    weaknesses.push({ id: 'route_unreachable', message });
  });
  return weaknesses;
}

/** Whether every path of a route, as the policy spells it, is one of the other's too. */
function covers({ path }: CheckedRoute, { path: other }: CheckedRoute): boolean {
  if (path === other) return true;
  if (!path.endsWith('/*')) return false;
  const prefix = path.slice(0, -1);
  return other.startsWith(prefix) || `${other}/` === prefix;
}
