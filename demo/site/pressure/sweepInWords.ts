import type { SweepResponse } from '../../../src/protocol/messages.ts';

/** The totals of a sweep: "12 seen, 1 deleted, 11 kept". */
export function sweepInWords({ seen, deleted, gone, kept, failed, unread, done }: SweepResponse): string {
  const totals = [`${seen} seen`, `${deleted} deleted`, `${kept} kept`];
  if (gone > 0) totals.push(`${gone} already gone`);
  if (failed > 0) totals.push(`${failed} not deleted now`);
  if (unread > 0) totals.push(`${unread} not readable, named in the log`);
  if (!done) totals.push('more to see');
  return totals.join(', ');
}
