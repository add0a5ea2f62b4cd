import { fc } from './property.ts';
import { now } from './tokens.ts';

const oneOf = (...values: unknown[]) => fc.constantFrom(...values);
const email = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9]{1,12}@visitor\.invalid$/) },
  { weight: 3, arbitrary: fc.mixedCase(fc.constant('abc@visitor.invalid')) },
  oneOf(
    'a@sub.visitor.invalid',
    'a@visitor.invalid.',
    'a@visitor.invalid.example.com',
    'a@notvisitor.invalid',
    'a@visitor-invalid',
    'a@visitor.invalid@example.com',
    'member@example.com@visitor.invalid',
    '@visitor.invalid',
    'visitor.invalid',
    ' a@visitor.invalid',
    'a@visitor.invalid\n',
    'a@visitor.invalid\0',
    'a@v\u0131sitor.invalid',
    'a@visitor.\u0456nvalid',
    'a@\uff56isitor.invalid',
    'a@visitor\u3002invalid',
    'a@visitor.inval\u0130d',
    'ä@visitor.invalid',
    '"a b"@visitor.invalid',
    'a@[visitor.invalid]',
    'a@visitor.invalid,member@example.com',
  ),
  fc.emailAddress(),
  fc.string(),
  oneOf(undefined, null, 0, true, ['a@visitor.invalid'], { toString: 'a@visitor.invalid' }),
);
const roles = fc.oneof(
  { weight: 3, arbitrary: oneOf(undefined, [], null) },
  { weight: 2, arbitrary: fc.constant(['anonymous']) },
  oneOf(['editor'], ['anonymous', 'editor'], 'anonymous', '', {}, 0, false, [''], [[]]),
);
const provider = fc.oneof(
  { weight: 4, arbitrary: fc.constant('email') },
  oneOf('google', 'Email', 'email ', '', null, undefined, ['email']),
);
/**
 * What Identity could say a user is: near a rule about throwaway users, on both sides of it, and far from any.
 * @param options.id the id that most have
 * @param options.audience the audience that most have
 * @param options.oldestSeconds the highest age that most have; a negative age is in the future
 */
export function oddUser(options: {
  id: string;
  oldestSeconds: number;
  youngestSeconds: number;
  audience?: string;
}) {
  const { id, oldestSeconds, youngestSeconds, audience = '' } = options;
  const time = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .integer({ min: youngestSeconds, max: oldestSeconds })
        .map((age) => new Date((now - age) * 1000).toISOString()),
    },
    oneOf(
      '',
      'now',
      '2027',
      'Fri, 15 Jan 2027 08:00:00 GMT',
      String(now),
      now,
      null,
      undefined,
      '0001-01-01T00:00:00Z',
    ),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  );
  return fc.record({
    id: fc.oneof(
      { weight: 5, arbitrary: fc.constant(id) },
      fc.uuid(),
      oneOf('', null, `${id}/`, '../users', 7),
    ),
    aud: fc.oneof(
      { weight: 5, arbitrary: fc.constant(audience) },
      oneOf('', 'other', ' ', null, undefined, []),
    ),
    role: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, oneOf('admin', ' ', null, undefined, [], 0)),
    email,
    app_metadata: fc.oneof(
      { weight: 6, arbitrary: fc.record({ provider, roles }) },
      oneOf(null, undefined, {}),
    ),
    user_metadata: fc.object({ maxDepth: 1 }),
    created_at: time,
  });
}
