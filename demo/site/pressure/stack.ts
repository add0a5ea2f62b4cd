import type { Controls } from '../controls.ts';
import { byId, write } from '../dom.ts';
import { plainFetch, textOf } from '../wire/exchange.ts';

/** What `/dev/stack` answers. */
export interface StackState {
  policy: {
    admission: 'off' | 'none' | 'proof-of-work' | 'turnstile';
    mode: 'enforce' | 'monitor';
    storeFailure: 'local' | 'deny' | 'allow';
  };
  redis: 'running' | 'stopped';
  /**
   * Whether the policy can be switched. Where it cannot, Netlify’s emulator runs the site: it starts a new gate for each
   * call, and ends it with the answer.
   */
  canSwitch: boolean;
  canStopRedis: boolean;
  canKill: boolean;
  /** The Identity behind the page, and whether its sign-ups ask the site's event function. */
  identity: { kind: 'stand-in' | 'gotrue'; url?: string; asksEventFunction: boolean };
}

/** Which Identity a sign-up goes to. Where no dev server tells, the site is deployed: Netlify’s own answers there. */
export function identityInWords(identity: StackState['identity'] | undefined): string {
  if (!identity) return 'Netlify’s';
  return identity.url === undefined ? 'The stand-in, in memory' : `GoTrue at ${identity.url}`;
}

/** What the page may switch, and to what. */
export type StackPositions = StackState['policy'] & Pick<StackState, 'redis'>;

const path = '/dev/stack';

/** The stack behind this page, when it runs on a developer's machine. */
export class Stack {
  readonly #watchers: ((state: StackState) => void)[] = [];
  #state: StackState;
  /** Where each switch stood before this page touched it. */
  #before: Partial<StackPositions> = {};

  constructor(state: StackState) {
    this.#state = state;
  }

  /** Undefined where there is no dev server. */
  static async find(): Promise<Stack | undefined> {
    const state = await ask().catch(() => undefined);
    return state && new Stack(state);
  }

  get state(): StackState {
    return this.#state;
  }

  get positions(): StackPositions {
    return { ...this.#state.policy, redis: this.#state.redis };
  }

  /** @param draw called now and whenever the stack was asked */
  watch(draw: (state: StackState) => void): void {
    this.#watchers.push(draw);
    draw(this.#state);
  }

  /** @throws {Error} with the stack's words, when it refuses */
  async change(changes: Partial<StackPositions>): Promise<void> {
    // Before it is sent: a page that is left meanwhile puts it back all the same.
    this.#before = { ...subset(this.positions, changes), ...this.#before };
    this.#learn(await ask(changes));
  }

  /** Does what changes the stack, and puts back what it changed, whatever happens. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const { positions } = this;
    try {
      return await work();
    } finally {
      const changes = difference(this.positions, positions);
      if (Object.keys(changes).length > 0) await this.change(changes);
    }
  }

  /** The page is left: everything goes back to where it was. The browser sends this when the page is gone. */
  leave(): void {
    if (Object.keys(this.#before).length === 0) return;
    void ask(this.#before, { keepalive: true }).catch(() => undefined);
    this.#before = {};
  }

  /** The page is back: another may have been here. */
  async refresh(): Promise<void> {
    this.#learn(await ask());
  }

  #learn(state: StackState): void {
    this.#state = state;
    for (const draw of this.#watchers) draw(state);
  }
}

function subset(positions: StackPositions, names: Partial<StackPositions>): Partial<StackPositions> {
  return Object.fromEntries(Object.entries(positions).filter(([name]) => name in names));
}

/** The switches that have to be turned to come from one set of positions to the other. */
export function difference(from: StackPositions, to: StackPositions): Partial<StackPositions> {
  const changed = Object.entries(to).filter(([name, value]) => from[name as keyof StackPositions] !== value);
  return Object.fromEntries(changed);
}

async function ask(changes?: Partial<StackPositions>, options: RequestInit = {}): Promise<StackState> {
  const request = changes && {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(changes),
  };
  const response = await plainFetch(path, { cache: 'no-store', ...request, ...options });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(textOf(body, 'detail') ?? `${path} answered ${response.status}.`);
  return body as StackState;
}

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

/** Whether this page may be served by a developer's machine: its endpoints answer under no other name. */
export function isLocal(): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);
}

/** Whether it is. A page under any other name does not ask. */
export async function findLab(): Promise<boolean> {
  if (!isLocal()) return false;
  try {
    const response = await plainFetch('/dev', { cache: 'no-store' });
    const { forgeries } = (await response.json()) as { forgeries?: unknown };
    return response.ok && Array.isArray(forgeries);
  } catch {
    return false;
  }
}
