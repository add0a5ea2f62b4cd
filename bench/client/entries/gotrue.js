import GoTrue from 'gotrue-js';
import { callWithToken } from './exchange.js';

const auth = new GoTrue({ APIUrl: `${location.origin}/.netlify/identity` });

globalThis.callApi = () =>
  callWithToken(async () => {
    const [email, password] = [`${crypto.randomUUID()}@visitor.invalid`, crypto.randomUUID()];
    await auth.signup(email, password);
    return (await auth.login(email, password)).token.access_token;
  });
