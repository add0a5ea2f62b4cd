import type { Log } from '../protocol/log.ts';

/** One line of JSON on the console, where Netlify's function log and log drains pick it up. */
export const logLine: Log = (event, fields = {}) => {
  console.log(JSON.stringify({ daypass: event, ...fields }));
};
