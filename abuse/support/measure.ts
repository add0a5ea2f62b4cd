import type { DevRedis, DevRedisOptions } from '../../dev/redis/start.ts';
import type { Chance } from '../../test/python/support/chance.ts';
import type { Figure } from './figures.ts';
import type { AbuseServer, ServerOptions } from './server.ts';

/** Something that must hold under abuse, and how it is measured. */
export interface Measure {
  /** What `--only` calls it. */
  name: string;
  /** Heads its lines of the table. */
  what: string;
  /** Whether its figures are times: what else the machine does spoils them, so that a second try may be made. */
  isTimed?: true;
  run(context: Context): Promise<Figure[]>;
}

/** What a measure works with. All that it starts here ends with it. */
export interface Context {
  /** Chance of the run's seed: a measure's own, the same whichever others run. */
  chance: Chance;
  /** A dev server of its own, over a redis-server of its own unless the options name a bridge. */
  startServer(options: ServerOptions): Promise<AbuseServer>;
  /** A bridge to a redis-server of its own, or to the one that the options name. */
  startBridge(options?: DevRedisOptions): Promise<DevRedis>;
  /** Has something ended with the measure, latest first. */
  defer(close: () => unknown): void;
}
