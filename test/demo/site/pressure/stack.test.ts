import { expectTypeOf, test } from 'vitest';
import type { StackPositions, StackState } from '../../../../demo/site/pressure/stack.ts';
import type { StackChanges } from '../../../../demo/stack/control.ts';
import type { LabState } from '../../../../demo/stack/watchIdentity.ts';

// Checked by `tsc`: the page, which may not import the dev stack, says the same of it.
test('the page and the dev stack mean the same by a stack’s state and its changes', () => {
  expectTypeOf<StackState>().toEqualTypeOf<LabState>();
  expectTypeOf<Partial<StackPositions>>().toEqualTypeOf<StackChanges>();
});
