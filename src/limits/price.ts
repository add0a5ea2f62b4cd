import type { CallTerms } from '../policy/types.ts';

/** The highest limit that a policy can have. */
const maxPrice = 1_000_000_000;

/**
 * The price that an answer names, at least 1.
 * @param text the answer's header field. Fields of one name are joined by commas (RFC 9110 §5.3): the largest whole number
 * counts. Anything else is ignored.
 */
export function readPrice(text: string | null | undefined): number {
  const prices = (text ?? '').split(',').map((each) => (/^\s*\d+\s*$/.test(each) ? Number(each) : 1));
  return Math.min(Math.max(1, ...prices), maxPrice);
}

/** Prices that were taken off answers, by what the readers of a call share, and by field. */
const taken = new WeakMap<object, Map<string, string>>();

/**
 * The price that an answer names. The first to read it takes the field off, and the readers further out in this process, who
 * charge limits of their own, still find it here.
 * @param call what the readers of one call share, and no other call has
 * @param price the text of the answer's field; undefined or empty where there is none
 * @returns the text, or that of a reader further in
 */
export function takePrice(call: object, field: string, price: string | null | undefined): string | undefined {
  const name = field.toLowerCase();
  const prices = taken.get(call) ?? new Map<string, string>();
  const found = price || prices.get(name);
  if (found) taken.set(call, prices.set(name, found));
  return found;
}

/** Begins a call whose `Request` may have been another's before. */
export function forgetPrices(call: object): void {
  taken.delete(call);
}

/**
 * Takes the price off an answer and charges it. Does nothing where the cost of the call is fixed.
 * @param call the request, where readers further in may have taken the price off
 */
export function chargePrice(
  { cost }: CallTerms,
  headers: Headers,
  charge: (price: number) => void,
  call: object = headers,
): void {
  if (typeof cost !== 'object') return;
  charge(readPrice(takePrice(call, cost.answer, headers.get(cost.answer))));
  headers.delete(cost.answer);
}
