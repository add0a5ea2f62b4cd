import { GoTrueClient } from '@supabase/auth-js';

const auth = new GoTrueClient({ url: `${location.origin}/auth/v1`, headers: { apikey: 'anon' } });

globalThis.callApi = async () => {
  let { data } = await auth.getSession();
  if (!data.session) ({ data } = await auth.signInAnonymously());
  return fetch('/api/hello', { headers: { authorization: `Bearer ${data.session.access_token}` } });
};
