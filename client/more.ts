/** `daypass-more.js`: what the script tag loads when a page needs it. */
export { createRefusals } from './refusals.ts';
export { createXhr } from './xhr.ts';
