import { DaypassError } from '../../src/protocol/error.ts';
import type { LabDependencies } from './dependencies.ts';

/** Longer than a sweep may take. */
const timeoutMilliseconds = 20_000;

/**
 * Calls an address of the broker that is for the site's owner, with the maintenance bearer, and hands its answer on.
 * @throws {DaypassError} `internal_error` without an answer
 */
export async function callBroker(
  { siteUrl, maintenanceBearer }: Pick<LabDependencies, 'siteUrl' | 'maintenanceBearer'>,
  method: 'GET' | 'POST',
  path: string,
): Promise<Response> {
  try {
    const answer = await fetch(siteUrl + path, {
      method,
      headers: { authorization: `Bearer ${maintenanceBearer}` },
      ...(method === 'POST' && { body: new URLSearchParams() }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    const contentType = answer.headers.get('content-type') ?? 'application/json';
    return new Response(await answer.text(), {
      status: answer.status,
      headers: { 'content-type': contentType },
    });
  } catch (cause) {
    throw new DaypassError('internal_error', { detail: 'The broker of this site did not answer.', cause });
  }
}
