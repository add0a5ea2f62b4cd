import type { Log } from '../protocol/log.ts';
import { requestIdOfCall } from './platform.ts';

/**
 * One line of JSON on the console, where Netlify's function log and log drains pick it up. A line that does not say which
 * request it is about gets the one that is being served, where the platform tells.
 */
export const logLine: Log = (event, fields = {}) => {
  console.log(
    JSON.stringify({ daypass: event, ...fields, requestId: fields.requestId ?? requestIdOfCall() }),
  );
};
