import type { SweepResponse } from '../../src/protocol/messages.ts';
import { sweepPath } from '../../src/protocol/wire.ts';
import { CommandError, defineCommand } from '../command.ts';
import { type Io, plainLine, plainText, style, writeJson } from '../output.ts';
import { type Owner, openOwner, ownerVariables } from '../owner.ts';

const countNames = ['seen', 'deleted', 'gone', 'kept', 'failed', 'unread'] as const;

/** What all calls of a sweep did together. */
export type SweepTotals = Record<(typeof countNames)[number] | 'calls', number>;

/**
 * Sweeps until the list of users was seen to its end, call by call.
 * @param options.audiences of Identity, besides the site's own
 * @param options.onProgress is called with the totals after each call
 * @returns the totals, and what the broker says that it cannot know
 * @throws {CommandError} as `Owner.call`; `sweep_stuck` when the broker does not get on
 */
export async function sweepAll(
  owner: Owner,
  options: { audiences: readonly string[]; onProgress(totals: SweepTotals): void },
): Promise<{ totals: SweepTotals; note: string }> {
  const totals: SweepTotals = { calls: 0, seen: 0, deleted: 0, gone: 0, kept: 0, failed: 0, unread: 0 };
  for (let cursor: string | undefined; ; ) {
    const form = new URLSearchParams(options.audiences.map((audience) => ['audience', audience]));
    if (cursor !== undefined) form.set('cursor', cursor);
    const answer = await owner.call<SweepResponse>(sweepPath, form);
    totals.calls += 1;
    for (const name of countNames) totals[name] += answer[name];
    options.onProgress(totals);
    if (answer.done) return { totals, note: answer.note };
    // Else it would be called for ever.
    if (answer.cursor === undefined || (answer.cursor === cursor && answer.seen + answer.unread === 0))
      throw new CommandError(
        'sweep_stuck',
        'The sweep does not get on: it stays at the same user. Try again later.',
      );
    cursor = answer.cursor;
  }
}

export const sweepCommand = defineCommand({
  name: 'sweep',
  summary: 'Delete throwaway users of a site that were never exchanged, as its owner',
  positionals: '[url]',
  options: {
    audience: {
      type: 'string',
      multiple: true,
      placeholder: '<name>',
      description: "An audience of Identity to sweep besides the site's own",
    },
  },
  variables: ownerVariables,
  examples: [
    'daypass sweep https://your-site.example --env-file .env',
    'daypass sweep https://your-site.example --audience other --json --env-file .env',
  ],
  async run({ values, positionals, io, isJson }) {
    const owner = await openOwner(io, positionals[0]);
    const progress = createProgress(io, isJson);
    const sweeping = sweepAll(owner, { audiences: values.audience ?? [], onProgress: progress.show });
    const { totals, note } = await sweeping.finally(progress.end);
    if (isJson) {
      writeJson(io, { ...totals, note });
    } else {
      io.writeOut(`Done: ${formatTotals(totals)}.\n`);
      io.writeError(`${plainText(note)}\n`);
    }
    // The next sweep tries them again.
    return totals.failed + totals.unread > 0 ? 2 : 0;
  },
});

function formatTotals({ seen, ...others }: Omit<SweepTotals, 'calls'> & { calls?: number }): string {
  const parts = countNames.filter((name) => name !== 'seen').map((name) => `${others[name]} ${name}`);
  return plainLine(`${seen} seen, of these ${parts.join(', ')}`);
}

const barWidth = 20;

/**
 * Shows how far a sweep is. Identity does not report how many users there are before the end, so the bar says that it moves,
 * not how far it has to go; a log gets a line for each call.
 */
function createProgress(io: Io, isJson: boolean) {
  let isShown = false;
  const show = (totals: SweepTotals): void => {
    if (isJson) return;
    const { calls, ...counts } = totals;
    const text = formatTotals(counts);
    if (!io.isInteractive) {
      io.writeError(`call ${calls}: ${text}\n`);
      return;
    }
    const at = (calls - 1) % barWidth;
    const bar = `${'░'.repeat(at)}${style(io, 'cyan', '█')}${'░'.repeat(barWidth - at - 1)}`;
    io.writeError(`\r\u001b[K${bar} ${text}`);
    isShown = true;
  };
  const end = (): void => {
    if (isShown) io.writeError('\r\u001b[K');
  };
  return { show, end };
}
