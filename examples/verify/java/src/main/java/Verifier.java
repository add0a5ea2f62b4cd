import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.proc.BadJWTException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Verifies Daypass access tokens with Nimbus JOSE + JWT: copy this file into your backend. */
public final class Verifier {
    /**
     * A site whose tokens a backend accepts.
     *
     * @param secrets DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation
     * @param issuer such as https://your-site.example
     * @param audience usually api
     * @param deployContexts usually only production; for tokens of `npx daypass dev`: dev
     */
    public record Site(List<String> secrets, String issuer, String audience, Set<String> deployContexts) {}

    private final Map<String, Site> sites = new HashMap<>();
    private final Map<String, Map<String, String>> secrets = new HashMap<>();
    private final InstantSource clock;

    /**
     * Make it where your backend starts, so that a bad secret is found there. Of several sites, the issuer in the token
     * chooses: the claim iss says which it was.
     *
     * @param clock usually Clock.systemUTC()
     * @throws IllegalArgumentException for settings that cannot work
     */
    public Verifier(List<Site> sites, InstantSource clock) {
        this.clock = clock;
        require(!sites.isEmpty(), "name at least one site");
        var seen = new HashSet<String>();
        for (var site : sites) {
            var keys = new HashMap<String, String>();
            require(!site.secrets().isEmpty(), site.issuer() + " needs a secret: set DAYPASS_SECRET");
            for (var secret : site.secrets()) {
                require(
                        secret != null && secret.getBytes(StandardCharsets.UTF_8).length >= 32,
                        "a secret of " + site.issuer() + " is missing, or shorter than 32 bytes: set DAYPASS_SECRET");
                require(seen.add(secret), "a secret of " + site.issuer() + " stands twice: make another");
                keys.put(keyId(secret), secret);
            }
            require(
                    this.sites.put(site.issuer(), site) == null,
                    site.issuer() + " stands twice: give one site all its secrets");
            this.secrets.put(site.issuer(), keys);
        }
    }

    private static void require(boolean isRight, String problem) {
        if (!isRight) throw new IllegalArgumentException(problem);
    }

    /** The object is the first level, each object or list inside another one more. */
    private static final StreamReadConstraints LEVELS =
            StreamReadConstraints.builder().maxNestingDepth(64).build();

    /** Nimbus keeps the last of two members of an object inside another. */
    private static final JsonMapper JSON = JsonMapper.builder(
                    JsonFactory.builder().streamReadConstraints(LEVELS).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final Pattern BEARER = Pattern.compile("(?is)bearer(?: +(.*)|\\s.*)?");

    /**
     * Returns the token of a request: of Authorization: Bearer, or of X-Daypass, which holds only the token, where a password of the
     * site takes Authorization. Null when it is in neither: answer 401 without an error code.
     *
     * @param authorization the field's value; null when it was not sent
     */
    public static String readToken(String authorization, String xDaypass) throws BadJWTException {
        var bearer = BEARER.matcher(authorization == null ? "" : authorization);
        var isBearer = bearer.matches();
        check(!isBearer || xDaypass == null, "sent twice");
        var token = isBearer ? Objects.requireNonNullElse(bearer.group(1), "") : xDaypass;
        check(token == null || token.matches("[A-Za-z0-9._~+/-]+=*"), "not one token");
        return token;
    }

    /** Returns the claims of an access token. */
    public Map<String, Object> verify(String token) throws BadJWTException {
        check(token.length() <= 4096, "too long");
        var parts = token.split("\\.", -1);
        check(parts.length == 3, "not three parts");
        decode(parts[2]);
        var header = parse(parts[0]);
        var claims = parse(parts[1]);
        // Nimbus leaves typ to its JWSTypeVerifier, and honours a crit of b64.
        check("JWT".equals(header.get("typ")) && !header.containsKey("crit"), "another kind of token");
        // No signature vouches for it yet: it chooses among the sites, no more.
        var site = sites.get(claims.get("iss"));
        check(site != null, "a site that is not accepted");
        var secret = secrets.get(site.issuer()).get(header.get("kid"));
        check(secret != null, "unknown key");
        try {
            var jws = JWSObject.parse(token);
            check(JWSAlgorithm.HS256.equals(jws.getHeader().getAlgorithm()), "another algorithm");
            check(jws.verify(new MACVerifier(secret)), "another signature");
        } catch (ParseException | JOSEException error) {
            throw new BadJWTException("not a JWS", error);
        }

        check(site.audience().equals(claims.get("aud")), "another audience");
        check(
                claims.get("sub") instanceof String sub && sub.matches("anon_[A-Za-z0-9_-]{22}"),
                "sub is not a session of Daypass");
        check(claims.get("jti") instanceof String jti && !jti.isEmpty(), "jti must be a string");
        check(claims.getOrDefault("scope", "") instanceof String, "scope must be a string");
        check(
                claims.get("deploy_context") instanceof String context && site.deployContexts().contains(context),
                "another deploy context");
        var issued = seconds(claims.get("iat"));
        var expires = seconds(claims.get("exp"));
        var notBefore = seconds(claims.getOrDefault("nbf", 0));
        var began = seconds(claims.getOrDefault("auth_time", 0));
        var now = clock.instant().getEpochSecond();
        check(issued < expires && expires - issued <= 3600, "a life that no Daypass token has");
        check(began <= issued, "minted before its session began");
        check(Math.max(issued, notBefore) <= now + 30, "not yet valid");
        check(now < expires + 30, "expired");
        return claims;
    }

    private static void check(boolean isRight, String reason) throws BadJWTException {
        if (!isRight) throw new BadJWTException(reason);
    }

    private static long seconds(Object claim) throws BadJWTException {
        var value = claim instanceof Number number ? number.doubleValue() : -1;
        check(value >= 0 && value < 0x1p53 && value == Math.rint(value), "a time is no whole number of seconds");
        return (long) value;
    }

    private static Map<String, Object> parse(String part) throws BadJWTException {
        try {
            // Nimbus and new String() both replace bytes that are not UTF-8.
            var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(decode(part))).toString();
            var object = JSON.readValue(text, new TypeReference<Map<String, Object>>() {});
            check(object != null, "null");
            return object;
        } catch (CharacterCodingException | JacksonException error) {
            throw new BadJWTException("not a JSON object in UTF-8", error);
        }
    }

    /** Nimbus skips characters that are not base64url, and the bits behind the last byte. */
    private static byte[] decode(String part) throws BadJWTException {
        try {
            var bytes = Base64.getUrlDecoder().decode(part);
            check(bytes.length > 0, "an empty part");
            check(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(part), "not canonical");
            return bytes;
        } catch (IllegalArgumentException error) {
            throw new BadJWTException("not base64url", error);
        }
    }

    private static String keyId(String secret) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            var digest = mac.doFinal("daypass kid".getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().encodeToString(digest).substring(0, 8);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }
}
