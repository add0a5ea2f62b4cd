import { Hono } from 'hono';
import { statusOfProblems } from '../broker/status.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { statusPath, tokenPath } from '../protocol/paths.ts';
import { type CallerEnv, identifyRequest } from './context.ts';
import { problemResponse, tokenErrorResponse } from './problem.ts';
import { statusAnswer } from './statusPage.ts';

/**
 * Stands in for broker or gate while policy or environment is at fault: refuses everything, and says under
 * `/session/status` which variables to mend. Problems name variables, never values.
 */
export function createUnconfiguredApp(
  problems: readonly string[],
  log: Log,
  part: 'secrets' | 'policy' = 'secrets',
): Hono<CallerEnv> {
  for (const problem of problems) log('not_configured', { problem });
  const app = new Hono<CallerEnv>();
  app.use(identifyRequest);
  app.get(statusPath, (c) => statusAnswer(c, statusOfProblems(problems, part)));
  app.all(tokenPath, () => tokenErrorResponse(new DaypassError('not_configured'), 'form'));
  app.all('*', () => problemResponse(new DaypassError('not_configured')));
  return app;
}
