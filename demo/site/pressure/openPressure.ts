import type { Prove } from '../../../client/index.ts';
import type { Controls } from '../controls.ts';
import { byId } from '../dom.ts';
import type { LabKit } from '../lab/kit.ts';
import { openCeilingPanel } from './ceilingPanel.ts';
import { openMonitorPanel } from './monitorPanel.ts';
import { OrphanPanel } from './orphanPanel.ts';
import { openProofPanel } from './proofPanel.ts';
import { openRedisPanel } from './redisPanel.ts';
import type { Stack } from './stack.ts';
import type { UserCounter } from './users.ts';

export interface PressureParts {
  controls: Controls;
  stack: Stack;
  kit: LabKit;
  users: UserCounter;
  /** Makes the proof of a sign-up where one is asked for. */
  prove: Prove;
}

/** Shows or hides the section and the link to it. */
export function showPressure(visible: boolean): void {
  byId('pressure').hidden = byId('to-pressure').hidden = !visible;
}

/** Fills the section, and puts the stack back when the page is left. */
export function openPressure({ controls, stack, kit, users, prove }: PressureParts): void {
  const { canSwitch, canStopRedis } = stack.state;
  byId('switches-note').hidden = !canSwitch;
  byId('redis-note').hidden = canSwitch || !canStopRedis;
  void openCeilingPanel(controls, stack, kit);
  openProofPanel(controls, stack);
  openMonitorPanel(controls, stack, kit);
  new OrphanPanel(controls, stack, users, prove);
  openRedisPanel(controls, stack, kit);
  addEventListener('pagehide', () => stack.leave());
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) void stack.refresh().catch(() => undefined);
  });
}
