import com.nimbusds.jwt.proc.BadJWTException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Runs Verifier over files of vectors: mvn -q compile exec:java -Dexec.args="accept.json refuse.json sites.json fields.json" */
public final class CheckVectors {
    record VectorSite(
            String secret, String secondarySecret, String issuer, String audience, Set<String> deployContexts) {

        Verifier.Site site() {
            var secrets = Stream.of(secret, secondarySecret).filter(Objects::nonNull).toList();
            return new Verifier.Site(secrets, issuer, audience, deployContexts);
        }
    }

    record Vector(
            String name,
            String why,
            String secret,
            String secondarySecret,
            String issuer,
            String audience,
            Set<String> deployContexts,
            List<VectorSite> sites,
            long now,
            String token,
            String code,
            String acceptedIssuer,
            Map<String, String> fields) {

        /** Whether readToken does with the fields what it must. */
        boolean isReadRight() {
            try {
                var read = Verifier.readToken(fields.get("authorization"), fields.get("x-daypass"));
                return Objects.equals(read, token) && (code == null || code.equals("token_missing"));
            } catch (BadJWTException refusal) {
                return code != null && !code.equals("token_missing");
            }
        }

        /** Settings that cannot work accept nothing. */
        boolean isAccepted() {
            var one = new VectorSite(secret, secondarySecret, issuer, audience, deployContexts);
            var all = Objects.requireNonNullElse(sites, List.of(one)).stream().map(VectorSite::site).toList();
            try {
                var claims = new Verifier(all, () -> Instant.ofEpochSecond(now)).verify(token);
                return acceptedIssuer == null || acceptedIssuer.equals(claims.get("iss"));
            } catch (BadJWTException | IllegalArgumentException refusal) {
                return false;
            }
        }
    }

    public static void main(String[] paths) {
        var count = 0;
        var wrong = 0;
        for (var path : paths) {
            for (var vector : new JsonMapper().readValue(Path.of(path), new TypeReference<List<Vector>>() {})) {
                count++;
                if (vector.fields() != null) {
                    if (vector.isReadRight()) continue;
                    wrong++;
                    System.out.println("read: " + vector.name());
                    continue;
                }
                var isAccepted = vector.isAccepted();
                if (isAccepted != (vector.code() == null)) {
                    wrong++;
                    System.out.println((isAccepted ? "accepted: " : "refused: ") + vector.name());
                }
            }
        }
        System.out.println(count + " vectors, " + wrong + " wrong");
        if (wrong > 0 || count == 0) System.exit(1);
    }
}
