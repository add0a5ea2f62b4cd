/** What a JWT says, unverified: the page only shows it. */
export interface DecodedToken {
  header: Readonly<Record<string, unknown>>;
  claims: Readonly<Record<string, unknown>>;
}

/** Reads a JWT without believing it; undefined when it is none. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, claims, signature] = token.split('.');
  if (!header || !claims || !signature) return undefined;
  const [decodedHeader, decodedClaims] = [decodePart(header), decodePart(claims)];
  return decodedHeader && decodedClaims && { header: decodedHeader, claims: decodedClaims };
}

function decodePart(part: string): Record<string, unknown> | undefined {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
