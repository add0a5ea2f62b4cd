import { expectTypeOf, test } from 'vitest';
import type { StackPositions, StackState } from '../../../site/pressure/stack.ts';
import type { StackState as DevStackState, StackChanges } from '../../../src/dev/stack/control.ts';

// Checked by `tsc`: the page, which may not import the dev stack, says the same of it.
test('the page and the dev stack mean the same by a stack’s state and its changes', () => {
  expectTypeOf<StackState>().toEqualTypeOf<DevStackState>();
  expectTypeOf<Partial<StackPositions>>().toEqualTypeOf<StackChanges>();
});
