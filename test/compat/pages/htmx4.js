import htmx from 'htmx.org';
import { createHtmxRun } from './htmx.js';

globalThis.runHtmx = createHtmxRun(htmx, ['htmx:after:settle', 'htmx:response:error']);
