import { startDevRedis } from '../../../dev/redis/start.ts';
import { ready } from './serve.ts';

// Upstash's REST protocol over a redis-server of its own, each answer BENCH_DELAY_MILLISECONDS late.

const delayMilliseconds = Number(process.env.BENCH_DELAY_MILLISECONDS ?? 0);
const bridge = await startDevRedis({ backend: 'redis-server' });
if (delayMilliseconds > 0) bridge.setFault({ kind: 'slow', delayMilliseconds });
ready(bridge.url, { token: bridge.token }, () => ({ requests: bridge.requests }));
