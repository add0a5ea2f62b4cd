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

/**
 * Verifies Daypass access tokens with Nimbus JOSE + JWT: copy this file into your backend.
 *
 * @param secrets DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation
 * @param issuer your site, such as https://your-site.example
 * @param deployContexts usually production alone
 * @param clock usually Clock.systemUTC()
 */
public record Verifier(
        List<String> secrets, String issuer, String audience, Set<String> deployContexts, InstantSource clock) {

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
     * Returns the token of a request: of Authorization: Bearer, or of X-Daypass, which holds it alone, where a password of the
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
        check(
                secrets.stream().allMatch(each -> each.getBytes(StandardCharsets.UTF_8).length >= 32),
                "a secret is missing, or shorter than 32 bytes");
        var secret = secrets.stream()
                .filter(each -> keyId(each).equals(header.get("kid")))
                .findFirst()
                .orElseThrow(() -> new BadJWTException("unknown key"));
        try {
            var jws = JWSObject.parse(token);
            check(JWSAlgorithm.HS256.equals(jws.getHeader().getAlgorithm()), "another algorithm");
            check(jws.verify(new MACVerifier(secret)), "another signature");
        } catch (ParseException | JOSEException error) {
            throw new BadJWTException("not a JWS", error);
        }

        check(issuer.equals(claims.get("iss")), "another issuer");
        check(audience.equals(claims.get("aud")), "another audience");
        check(
                claims.get("sub") instanceof String sub && sub.matches("anon_[A-Za-z0-9_-]{22}"),
                "sub is not a session of Daypass");
        check(claims.get("jti") instanceof String jti && !jti.isEmpty(), "jti must be a string");
        check(claims.getOrDefault("scope", "") instanceof String, "scope must be a string");
        check(
                claims.get("deploy_context") instanceof String context && deployContexts.contains(context),
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
