import { createSession } from 'daypass';

const session = createSession();

globalThis.callApi = () => session.fetch('/api/hello');
