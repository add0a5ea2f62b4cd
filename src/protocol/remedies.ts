// The words are those of Netlify's dashboard and of its page "Registration and login".

/** What makes Identity answer on a site where its URL is 404. */
export const identityRemedy = 'In Project configuration > Identity, enable Identity.';

/** What opens sign-up on a site whose Identity answers 403 "Signups not allowed for this instance". */
export const registrationRemedy = 'In Project configuration > Identity > Registration, choose Open.';

/** What turns autoconfirm on where Identity answers "Email not confirmed". */
export const autoconfirmRemedy =
  'In Project configuration > Identity > Emails > Confirmation template, check "Allow users to sign up without verifying their email address".';
