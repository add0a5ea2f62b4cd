/**
 * Holds the token alone, without a scheme, where `Authorization` is taken: a browser sends `Basic` in it by itself to a
 * site with a password. The platform wants that password, so the token travels beside it.
 */
export const tokenHeader = 'x-daypass';
