/** RFC 8693 §2.1: the grant type of a token exchange. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** RFC 8693 §3: a subject token that is a JWT of another issuer; here an Identity token. */
export const jwtTokenType = 'urn:ietf:params:oauth:token-type:jwt';

/** RFC 8693 §3: an access token of ours, issued or handed in for renewal. */
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
