import { expect, test } from 'vitest';
import { startDevRedis } from '../../dev/redis/start.ts';
import { closeBridge, command } from './redisParts.ts';

test('a suite that leaves a key for ever fails, one whose keys end does not', async () => {
  const kept = await startDevRedis({ backend: 'memory' });
  await command(kept, 'SET', 'ends', '1', 'EX', 10);
  await command(kept, 'SET', 'stays', '1');
  kept.setFault({ kind: 'hang' });
  await expect(closeBridge(kept)).rejects.toThrow('Keys without a time to live: stays');

  const tidy = await startDevRedis({ backend: 'memory' });
  await command(tidy, 'SET', 'ends', '1', 'EX', 10);
  await expect(closeBridge(tidy)).resolves.toBeUndefined();
});
