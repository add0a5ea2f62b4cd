// What a page adds to a client of Identity, whose tokens no backend can verify: the exchange for an access token, which is
// kept until shortly before it expires. No retry, no renewal, nothing shared between tabs.
let kept;

export async function callWithToken(logIn) {
  if (!kept || kept.until < Date.now()) {
    const response = await fetch('/session/token', { headers: { authorization: `Bearer ${await logIn()}` } });
    const { access_token, expires_in } = await response.json();
    kept = { token: access_token, until: Date.now() + (expires_in - 30) * 1000 };
  }
  return fetch('/api/hello', { headers: { authorization: `Bearer ${kept.token}` } });
}
