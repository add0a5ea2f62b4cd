/** How a status is coloured: as an answer, a refusal, or trouble that passes. */
export function kindOf(status: number): 'ok' | 'refused' | 'trouble' {
  if (status >= 200 && status < 300) return 'ok';
  return status === 429 || status === 0 || status >= 500 ? 'trouble' : 'refused';
}
