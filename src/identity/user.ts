/** A user as GoTrue's API answers it (netlify/gotrue, models/user.go). */
export interface IdentityUser {
  id: string;
  aud: string;
  role: string;
  email: string;
  confirmed_at?: string;
  app_metadata: Record<string, unknown> | null;
  user_metadata: Record<string, unknown> | null;
  /** RFC 3339, to the second once stored. */
  created_at: string;
  updated_at: string;
}

/** A UUID as GoTrue writes it: lower case, with hyphens (RFC 9562 §4). */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
