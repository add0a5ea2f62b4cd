import type { SweepResponse } from '../../src/protocol/messages.ts';

/** The totals of a sweep: "12 seen, 1 deleted, 11 kept". */
export function sweepInWords({ seen, deleted, gone, kept, failed, done }: SweepResponse): string {
  const totals = [`${seen} seen`, `${deleted} deleted`, `${kept} kept`];
  if (gone > 0) totals.push(`${gone} already gone`);
  if (failed > 0) totals.push(`${failed} not deleted now`);
  if (!done) totals.push('more to see');
  return totals.join(', ');
}
