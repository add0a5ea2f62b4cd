import { expect, test, vi } from 'vitest';
import { createEvents } from '../../client/events.ts';

test('a listener hears its own event until it is removed', async () => {
  const { on, emit } = createEvents();
  const heard: string[] = [];
  const remove = on('ended', ({ reason }) => heard.push(reason));
  on('renewed', () => heard.push('another event'));
  emit('ended', { reason: 'expired' });
  await Promise.resolve();
  remove();
  emit('ended', { reason: 'revoked' });
  await Promise.resolve();
  expect(heard).toEqual(['expired']);
});

test('what a listener throws stops neither the session nor other listeners', async () => {
  const tasks: (() => void)[] = [];
  vi.stubGlobal('queueMicrotask', (task: () => void) => tasks.push(task));
  const { on, emit } = createEvents();
  const heard: string[] = [];
  on('ended', () => {
    throw new Error('mine');
  });
  on('ended', ({ reason }) => heard.push(reason));
  emit('ended', { reason: 'expired' });
  vi.unstubAllGlobals();
  expect(() => tasks[0]?.()).toThrow('mine');
  tasks[1]?.();
  expect(heard).toEqual(['expired']);
});
