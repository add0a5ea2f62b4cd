import type { Controls } from '../controls.ts';
import { byId, write } from '../dom.ts';
import type { Stack, StackPositions, StackState } from './stack.ts';

/** A row of buttons that turns one switch of the policy; the one that is in force is pressed. */
export interface Switch<Name extends keyof StackState['policy']> {
  name: Name;
  /** The group; each of its buttons names its position in `data-position`. */
  groupId: string;
  /** Says how the policy stands where it cannot be switched. */
  fixedId: string;
  /** What else is told there. */
  fixedNote?: string;
  /** Shows what came of it. */
  saysIn: string;
  /** What a position means, in one sentence. */
  words: Readonly<Record<StackPositions[Name], string>>;
}

/** Binds the buttons of a switch, or hides them where they could do nothing. */
export function bindSwitch<Name extends keyof StackState['policy']>(
  controls: Controls,
  stack: Stack,
  { name, groupId, fixedId, fixedNote, saysIn, words }: Switch<Name>,
): void {
  const buttons = [...byId(groupId).querySelectorAll('button')];
  for (const button of buttons) {
    const position = button.dataset.position as StackPositions[Name];
    const turn = async () => {
      await stack.change({ [name]: position });
      return words[position];
    };
    controls.bind(button.id, turn, { saysIn, listed: false });
  }
  const canSwitch = stack.state.canSwitch && buttons.some(isAt(stack.positions[name]));
  byId(groupId).hidden = !canSwitch;
  byId(fixedId).hidden = canSwitch;
  stack.watch(({ policy }) => {
    const position = policy[name] as StackPositions[Name];
    for (const button of buttons) button.setAttribute('aria-pressed', String(isAt(position)(button)));
    const fixed = [words[position], 'This stack’s policy is in daypass.config.ts.', fixedNote];
    write(byId(fixedId), fixed.filter((sentence) => sentence !== undefined).join(' '));
  });
}

function isAt(position: string): (button: HTMLElement) => boolean {
  return (button) => button.dataset.position === position;
}
