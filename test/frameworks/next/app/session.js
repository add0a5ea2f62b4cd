import { createSession } from 'daypass';

export const session = createSession();
session.attach(['/api/']);
