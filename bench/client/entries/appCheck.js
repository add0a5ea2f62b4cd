import { initializeApp } from '@firebase/app';
import { getToken, initializeAppCheck, ReCaptchaV3Provider } from '@firebase/app-check';

const app = initializeApp({ projectId: 'bench', appId: '1:1:web:1', apiKey: 'key' });
const provider = new ReCaptchaV3Provider('site-key');
const appCheck = initializeAppCheck(app, { provider, isTokenAutoRefreshEnabled: true });

globalThis.callApi = async () => {
  const { token } = await getToken(appCheck);
  return fetch('/api/hello', { headers: { 'X-Firebase-AppCheck': token } });
};
