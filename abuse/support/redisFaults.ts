import type { DevRedis } from '../../dev/redis/start.ts';
import type { RedisServer } from './redisServer.ts';

/** A way in which Redis goes away, and how it comes back. */
export interface RedisFault {
  name: string;
  /** Whether Redis comes back empty. */
  forgets: boolean;
  begin(redis: RedisServer, bridge: DevRedis): void;
  /** Resolves when Redis is there again. */
  end(redis: RedisServer, bridge: DevRedis): Promise<void> | void;
}

export const redisFaults: readonly RedisFault[] = [
  {
    name: 'killed',
    forgets: true,
    begin: (redis) => redis.signal('SIGKILL'),
    end: (redis) => redis.start(),
  },
  {
    name: 'paused',
    forgets: false,
    begin: (redis) => redis.signal('SIGSTOP'),
    end: (redis) => redis.signal('SIGCONT'),
  },
  bridgeFault('answering 502', { kind: 'bad-gateway' }),
  bridgeFault('answering rubbish', { kind: 'rubbish' }),
  bridgeFault('answering slowly', { kind: 'slow', delayMilliseconds: 2000 }),
];

function bridgeFault(name: string, fault: Parameters<DevRedis['setFault']>[0]): RedisFault {
  return {
    name,
    forgets: false,
    begin: (_, bridge) => bridge.setFault(fault),
    end: (_, bridge) => bridge.setFault(undefined),
  };
}
