/**
 * Whether a secret key is one of those that Cloudflare publishes for tests (`1x0000…`, `2x0000…`, `3x0000…`): the first
 * admits every proof, the others none. (developers.cloudflare.com/turnstile/troubleshooting/testing)
 */
export function isTestSecret(secretKey: string | undefined): boolean {
  return secretKey !== undefined && /^[123]x0{20}/.test(secretKey);
}
