import htmx from 'htmx2';
import { createHtmxRun } from './htmx.js';

globalThis.runHtmx = createHtmxRun(htmx, ['htmx:afterRequest', 'htmx:afterSettle', 'htmx:responseError']);
