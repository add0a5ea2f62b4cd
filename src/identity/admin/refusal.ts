import { DaypassError } from '../../protocol/error.ts';

/** GoTrue said no to an admin call: `message` is its own `msg`, `code` is `identity_refused`. */
export class IdentityRefusal extends DaypassError {
  /** HTTP status of GoTrue's answer: 401 for the operator token, 404 for nobody, 422 for what it cannot do. */
  readonly identityStatus: number;

  constructor(identityStatus: number, message: string) {
    super('identity_refused', { detail: message });
    this.name = 'IdentityRefusal';
    this.identityStatus = identityStatus;
  }
}
