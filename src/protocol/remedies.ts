// The words are those of Netlify's dashboard and its documentation, "Registration and login".

/** What opens sign-up on a site whose Identity answers 403 "Signups not allowed for this instance". */
export const registrationRemedy =
  'Set Project configuration > Identity > Registration > Registration preferences to Open.';

/** What turns autoconfirm on where Identity answers "Email not confirmed". */
export const autoconfirmRemedy =
  'Check "Allow users to sign up without verifying their email address" in Project configuration > Identity > Emails > Confirmation template.';
