import { type Exchange, textOf } from '../net/exchange.ts';

/** How calls were answered: "66 calls: 60 answered 200, 6 answered 429 rate_limited." */
export function answersInWords(calls: readonly Exchange[]): string {
  const kinds = new Map<string, number>();
  for (const { answer } of calls) {
    const kind = answer.status === 0 ? 'not at all' : answerInWords(answer);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const parts = [...kinds].map(([kind, count]) => `${count} answered ${kind}`);
  return `${calls.length} calls: ${parts.join(', ')}.`;
}

function answerInWords({ status, body }: Exchange['answer']): string {
  const code = textOf(body, 'code');
  return code === undefined ? String(status) : `${status} ${code}`;
}
