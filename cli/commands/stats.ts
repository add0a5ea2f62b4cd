import type { StatsCount, StatsResponse } from '../../src/protocol/messages.ts';
import { statsPath } from '../../src/protocol/wire.ts';
import { CommandError, defineCommand } from '../command.ts';
import { type Io, plainLine, plainText, sleep, style, toPlainJson, writeJson } from '../output.ts';
import { openOwner, ownerVariables } from '../owner.ts';
import { readWholeNumber } from '../site.ts';

/** Errors of a site that may pass: a watch goes on. */
const passing = ['site_unreachable', 'store_unavailable', 'rate_limited'];

export const statsCommand = defineCommand({
  name: 'stats',
  summary: 'Show what the gate of a site let through and refused, as its owner',
  positionals: '[url]',
  options: {
    days: {
      type: 'string',
      default: '8',
      placeholder: '<number>',
      description: 'How many days, today included',
    },
    watch: {
      type: 'boolean',
      short: 'w',
      description: 'Ask again and again, and show what is new; ends with Ctrl-C',
    },
    'interval-seconds': {
      type: 'string',
      default: '5',
      placeholder: '<seconds>',
      description: 'With --watch: how long to wait in between',
    },
    times: {
      type: 'string',
      placeholder: '<number>',
      description: 'With --watch: how often to ask. Default: no end',
    },
  },
  variables: ownerVariables,
  examples: [
    'daypass stats https://your-site.example --env-file .env',
    'daypass stats https://your-site.example --watch --env-file .env',
    'daypass stats https://your-site.example --days 1 --json --env-file .env',
  ],
  async run({ values, positionals, io, isJson }) {
    const days = readWholeNumber('--days', values.days, [1, 8]);
    const intervalSeconds = readWholeNumber('--interval-seconds', values['interval-seconds'], [1, 3600]);
    const times =
      values.times === undefined
        ? Number.POSITIVE_INFINITY
        : readWholeNumber('--times', values.times, [1, 1e9]);
    const owner = await openOwner(io, positionals[0]);
    const ask = async () => sinceDay(await owner.call<StatsResponse>(statsPath), io.now(), days);
    if (!values.watch) {
      const stats = await ask();
      if (isJson) writeJson(io, stats);
      else io.writeOut(formatStats(stats, io));
      return 0;
    }
    let last: StatsResponse | undefined;
    for (let time = 1; ; time += 1) {
      last = await showNext(ask, last, io, isJson);
      if (time >= times) return 0;
      await sleep(io, intervalSeconds * 1000);
    }
  },
});

/** Drops the days before. */
function sinceDay({ mode, counts }: StatsResponse, now: number, days: number): StatsResponse {
  const first = new Date(now - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  return { mode, counts: counts.filter(({ day }) => day >= first) };
}

/**
 * Asks once, and shows what it finds: the whole to somebody who watches, a line for each change to a log, a line of JSON
 * to a program.
 * @returns what is known now
 */
async function showNext(
  ask: () => Promise<StatsResponse>,
  last: StatsResponse | undefined,
  io: Io,
  isJson: boolean,
): Promise<StatsResponse | undefined> {
  const at = new Date(io.now()).toISOString();
  try {
    const stats = await ask();
    const changes = changesSince(last, stats);
    if (isJson) io.writeOut(`${toPlainJson({ at, ...stats })}\n`);
    else if (io.isInteractive)
      io.writeOut(`${clearScreen}${formatStats(stats, io, changes)}\n${at}; Ctrl-C ends.\n`);
    else if (!last) io.writeOut(formatStats(stats, io));
    else
      for (const [count, added] of changes)
        io.writeOut(`${plainLine(`${at} ${labelOf(count)} +${added} = ${count.count}`)}\n`);
    return stats;
  } catch (error) {
    if (!(error instanceof CommandError) || !passing.includes(error.code)) throw error;
    io.writeError(`${at} ${style(io, 'yellow', plainLine(error.code))}: ${plainText(error.message)}\n`);
    return last;
  }
}

const clearScreen = '\u001b[2J\u001b[H';

const keyOf = ({ day, event, code, route }: StatsCount) => JSON.stringify([day, event, code, route]);

/** The counts that grew, and by how much; none before there is anything to compare with. */
function changesSince(last: StatsResponse | undefined, { counts }: StatsResponse): Map<StatsCount, number> {
  if (!last) return new Map();
  const before = new Map(last.counts.map((count) => [keyOf(count), count.count]));
  return new Map(
    counts
      .map((count) => [count, count.count - (before.get(keyOf(count)) ?? 0)] as const)
      .filter(([, added]) => added > 0),
  );
}

function labelOf({ event, route, code }: StatsCount): string {
  return [event, route, code].filter((text) => text !== undefined).join(' ');
}

/** The counts as a table, the latest day first. */
export function formatStats(
  { mode, counts }: StatsResponse,
  io: Pick<Io, 'hasColours'>,
  changes: ReadonlyMap<StatsCount, number> = new Map(),
): string {
  const days = [...new Set(counts.map(({ day }) => day))].toSorted().reverse();
  const cells = (count: StatsCount) =>
    [count.event, count.route ?? '', count.code ?? '', count.count.toLocaleString('en')].map(plainLine);
  const rows = counts.map((count) => ({ count, cells: cells(count) }));
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(0, ...rows.map(({ cells }) => (cells[column] ?? '').length)),
  );
  const formatRow = ({ count, cells }: (typeof rows)[number]) => {
    const [event = '', route = '', code = '', number = ''] = cells;
    const [eventWidth = 0, routeWidth = 0, codeWidth = 0, numberWidth = 0] = widths;
    const added = changes.get(count);
    const change = added === undefined ? '' : style(io, 'green', `  +${added.toLocaleString('en')}`);
    const left = `${event.padEnd(eventWidth)}  ${route.padEnd(routeWidth)}  ${code.padEnd(codeWidth)}`;
    return `  ${left}  ${number.padStart(numberWidth)}${change}`;
  };
  return [
    `Mode ${plainLine(mode)}. Days are those of UTC; what the last second brought may be missing.`,
    ...(days.length === 0 ? ['', 'Nothing was counted yet.'] : []),
    ...days.flatMap((day) => [
      '',
      style(io, 'bold', plainLine(day)),
      ...rows
        .filter(({ count }) => count.day === day)
        .toSorted((one, other) => other.count.count - one.count.count)
        .map(formatRow),
    ]),
    '',
  ].join('\n');
}
