const edge = 10;

/** A token cut down to what tells it from others: nobody reads more, and no screenshot holds it whole. */
export function shortenTokens(text: string): string {
  return text.replace(/eyJ[\w-]+\.[\w-]*\.[\w-]*/g, (token) => {
    const [head = '', , signature = ''] = token.split('.');
    return `${head.slice(0, edge)}…${signature === '' ? '.' : signature.slice(-6)}`;
  });
}

/** The beginning of a long random name, enough to tell it from others, and an e-mail's domain. */
export function shortenName(name: unknown): string {
  const [local = '', domain] = String(name).split('@');
  const short = local.length > 14 ? `${local.slice(0, 12)}…` : local;
  return domain === undefined ? short : `${short}@${domain}`;
}
