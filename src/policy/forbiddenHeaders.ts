import { BoundedMap } from '../protocol/boundedMap.ts';

/** Request fields that never reach an upstream, and why. */
export interface ForbiddenFields {
  /** What they have in common; `docs/gate.md` has the list and each reason, for people. */
  readonly kind: 'connection' | 'cookies' | 'address' | 'host' | 'request' | 'user' | 'platform';
  readonly names: readonly string[];
  /** What a name begins with. */
  readonly prefixes: readonly string[];
  /** What one of the words of a name is, between its hyphens. */
  readonly words: readonly string[];
}

/**
 * Everything that a caller sends goes on to the upstream but these. Most are fields that a proxy sets and a backend behind
 * one believes, so that a caller could forge what it says.
 */
export const forbiddenFields: readonly ForbiddenFields[] = [
  {
    // For one connection (RFC 9110 §7.6.1), or set again for the next one: host, codings, length.
    kind: 'connection',
    names: [
      'accept-encoding',
      'connection',
      'content-length',
      'expect',
      'host',
      'http2-settings',
      'keep-alive',
      'max-forwards',
      // CGI makes HTTP_PROXY of it, which HTTP clients obey.
      'proxy',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
    ],
    prefixes: ['proxy-', 'sec-websocket-'],
    words: [],
  },
  { kind: 'cookies', names: ['cookie', 'cookie2'], prefixes: [], words: [] },
  {
    kind: 'address',
    names: ['forwarded', 'via', 'x-client-address', 'x-forwarded'],
    prefixes: ['forwarded-', 'x-forwarded-', 'x-forward-', 'x-originating-', 'x-remote-', 'remote-'],
    words: ['addr', 'clientip', 'ip', 'ipaddress', 'ips', 'ipv4', 'ipv6', 'realip', 'remoteip', 'socketip'],
  },
  {
    kind: 'host',
    names: ['front-end-https', 'x-https', 'x-port', 'x-protocol'],
    prefixes: [],
    words: ['host', 'proto', 'scheme', 'ssl'],
  },
  {
    // Method, path or URL in place of those that the route was chosen by.
    kind: 'request',
    names: [
      // WebDAV's COPY and MOVE write there, whatever the route of that path requires.
      'destination',
      'http-method',
      'path-info',
      'request-uri',
      'script-name',
      'x-matched-path',
      'x-method',
      'x-path',
      'x-path-info',
      'x-replaced-path',
      'x-request-uri',
      'x-script-name',
      // Rack::Sendfile takes from these two where files are.
      'x-sendfile-type',
      'x-uri',
      'x-url',
    ],
    prefixes: [
      'x-accel-',
      'x-http-',
      'x-invoke-',
      'x-middleware-',
      // Azure Static Web Apps.
      'x-ms-original-',
      'x-original-',
      'x-rewrite-',
      'x-rewritten-',
      // Pyramid's virtual root: under which path it looks up the request.
      'x-vhm-',
    ],
    words: ['override'],
  },
  {
    // Who the caller is, as log-in proxies and API gateways say it to what is behind them. The token says it here.
    kind: 'user',
    names: [
      'authuser',
      'client-cert',
      'client-cert-chain',
      // Kong's: whether the caller is logged in.
      'x-anonymous-consumer',
      'x-auth-email',
      'x-auth-groups',
      'x-auth-roles',
      'x-auth-user',
      'x-auth-userid',
      'x-auth-username',
      'x-client-cert',
      'x-client-certificate',
      'x-client-dn',
      'x-client-verify',
      'x-daypass',
      'x-email',
      'x-endpoint-api-userinfo',
      'x-group',
      'x-groups',
      'x-jwt-claims',
      'x-jwt-payload',
      'x-role',
      'x-roles',
      'x-user',
      'x-userid',
      'x-userinfo',
      'x-username',
    ],
    prefixes: [
      // What WebSphere's plugin says, `$WSRU` (user), `$WSCC` (certificate), `$WSRA` (address): any sign is a hyphen here.
      '-ws',
      'authenticated-',
      'impersonate-',
      'iv-',
      'kubeflow-',
      'oidc-',
      'shib-',
      'sm-',
      'tailscale-',
      'x-amzn-mtls-',
      'x-amzn-oidc-',
      'x-apigateway-',
      'x-auth-request-',
      'x-authenticated-',
      'x-authentik-',
      'x-consumer-',
      'x-credential-',
      'x-daypass-',
      'x-goog-authenticated-user-',
      'x-impersonate-',
      'x-ms-client-principal',
      'x-ms-token-',
      'x-oidc-',
      'x-pomerium-',
      'x-proxy-',
      'x-saml-',
      'x-sso-',
      'x-tls-client-',
      'x-user-',
      'x-vouch-',
      'x-webauth-',
    ],
    words: [],
  },
  {
    // What Netlify or another CDN says of a call: where it is from, how it was routed, by which name it is in the log.
    kind: 'platform',
    names: ['surrogate-capability', 'x-country', 'x-country-code', 'x-request-id'],
    prefixes: [
      'akamai-',
      'cdn-',
      'cf-',
      'cloudfront-',
      'fastly-',
      'fly-',
      'netlify-',
      'wl-',
      'x-akamai-',
      'x-appengine-',
      'x-appservice-',
      'x-arr-',
      'x-azure-',
      'x-bb-',
      'x-cdn-',
      'x-envoy-',
      'x-fd-',
      'x-netlify-',
      'x-nf-',
      'x-now-',
      'x-vercel-',
      'x-waws-',
    ],
    words: [],
  },
];

/** gRPC-Web's, in place of `User-Agent`: it begins as the names of users do. */
const exception = 'x-user-agent';

/** Callers send the same names again and again; longer ones than these are rare. */
const kinds = new BoundedMap<string, ForbiddenFields['kind'] | 'none'>(1000);
const maxKnownLength = 64;

/**
 * Whether a request field must never go on to an upstream, and why: the kind of it in `forbiddenFields`.
 *
 * `X_Real_IP` is `X-Real-IP` here, and so is any other sign in the place of the hyphen: many servers hand both to a backend
 * under one name, `HTTP_X_REAL_IP` (CGI, RFC 3875 §4.1.18).
 * @param name in any case
 */
export function forbiddenKind(name: string): ForbiddenFields['kind'] | undefined {
  let kind = kinds.get(name);
  if (kind === undefined) {
    kind = findKind(name) ?? 'none';
    if (name.length <= maxKnownLength) kinds.set(name, kind);
  }
  return kind === 'none' ? undefined : kind;
}

function findKind(name: string): ForbiddenFields['kind'] | undefined {
  const folded = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
  if (folded === exception) return undefined;
  const words = folded.split('-');
  return forbiddenFields.find(
    (fields) =>
      fields.names.includes(folded) ||
      fields.prefixes.some((prefix) => folded.startsWith(prefix)) ||
      fields.words.some((word) => words.includes(word)),
  )?.kind;
}
