package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// Site is one whose tokens a backend accepts.
type Site struct {
	Secrets        []string // DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation
	Issuer         string   // such as https://your-site.example
	Audience       string   // usually api
	DeployContexts []string // usually only production; for tokens of `npx daypass dev`: dev
}

// Verifier verifies the access tokens of its sites.
type Verifier struct {
	sites map[string]Site              // by issuer
	keys  map[string]map[string][]byte // by issuer and kid
	now   func() time.Time
}

// NewVerifier is called where the backend starts, so that a bad secret is found there. Of several sites, the issuer in the
// token chooses: the claim iss says which it was.
func NewVerifier(sites ...Site) (*Verifier, error) {
	verifier := &Verifier{map[string]Site{}, map[string]map[string][]byte{}, time.Now}
	if len(sites) == 0 {
		return nil, errors.New("name at least one site")
	}
	seen := map[string]bool{}
	for _, site := range sites {
		if _, twice := verifier.sites[site.Issuer]; twice {
			return nil, fmt.Errorf("%s stands twice: give one site all its secrets", site.Issuer)
		}
		if site.Audience == "" || len(site.DeployContexts) == 0 || len(site.Secrets) == 0 {
			return nil, fmt.Errorf("%s needs a secret, an audience and a deploy context", site.Issuer)
		}
		keys := map[string][]byte{}
		for _, secret := range site.Secrets {
			if len(secret) < 32 {
				return nil, fmt.Errorf("a secret of %s is missing, or shorter than 32 bytes: set DAYPASS_SECRET", site.Issuer)
			}
			if seen[secret] {
				return nil, fmt.Errorf("a secret of %s stands twice: make another", site.Issuer)
			}
			seen[secret] = true
			keys[keyID(secret)] = []byte(secret)
		}
		verifier.sites[site.Issuer], verifier.keys[site.Issuer] = site, keys
	}
	return verifier, nil
}

var (
	compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
	session = regexp.MustCompile(`^anon_[A-Za-z0-9_-]{22}$`)
)

var (
	bearer = regexp.MustCompile(`(?is)^bearer(?: +(.*)|\s.*)?$`)
	single = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
)

// ErrSentTwice is the one fault of a request that is answered with 400: it is unclear which of two tokens counts.
var ErrSentTwice = errors.New("sent twice")

// ReadToken returns the token of a request: of Authorization: Bearer, or of X-Daypass, which holds only the token, where a password
// of the site takes Authorization. It is empty when it is in neither: answer 401 without an error code. What is not one token
// is an error.
func ReadToken(header http.Header) (string, error) {
	own, authorization := header.Values("X-Daypass"), strings.Join(header.Values("Authorization"), ", ")
	match := bearer.FindStringSubmatch(authorization)
	if match == nil && own == nil {
		return "", nil
	}
	if match != nil && own != nil {
		return "", ErrSentTwice
	}
	token := strings.Join(own, ", ")
	if match != nil {
		token = match[1]
	}
	if !single.MatchString(token) {
		return "", errors.New("not one token")
	}
	return token, nil
}

// Verify returns the claims of a Daypass access token, or an error for one that is refused.
func (verifier *Verifier) Verify(token string) (jwt.MapClaims, error) {
	// Go's base64 skips line breaks, also when it is strict.
	if len(token) > 4096 || !compact.MatchString(token) {
		return nil, errors.New("too long, or not three parts of base64url")
	}
	parts := strings.Split(token, ".")
	for _, part := range parts[:2] {
		if err := checkJSON(part); err != nil {
			return nil, err
		}
	}
	site, ok := verifier.sites[issuerOf(parts[1])]
	if !ok {
		return nil, errors.New("a site that is not accepted")
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims,
		func(token *jwt.Token) (any, error) { return findKey(token.Header, verifier.keys[site.Issuer]) },
		jwt.WithValidMethods([]string{"HS256"}),
		jwt.WithStrictDecoding(),
		jwt.WithIssuer(site.Issuer),
		jwt.WithAudience(site.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(30*time.Second),
		jwt.WithTimeFunc(verifier.now),
	)
	if err != nil {
		return nil, err
	}
	if err := checkClaims(claims, site.DeployContexts); err != nil {
		return nil, err
	}
	return claims, nil
}

// issuerOf reads what no signature vouches for yet: it chooses among the sites, no more.
func issuerOf(part string) string {
	data, _ := base64.RawURLEncoding.DecodeString(part)
	claims := map[string]any{}
	_ = json.Unmarshal(data, &claims)
	issuer, _ := claims["iss"].(string)
	return issuer
}

func findKey(header map[string]any, keys map[string][]byte) (any, error) {
	// golang-jwt looks at neither, although a crit that is not understood must be refused.
	if _, ok := header["crit"]; ok || header["typ"] != "JWT" {
		return nil, errors.New("another kind of token")
	}
	kid, _ := header["kid"].(string)
	if key, ok := keys[kid]; ok {
		return key, nil
	}
	return nil, errors.New("unknown key")
}

func keyID(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("daypass kid"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))[:8]
}

func checkClaims(claims jwt.MapClaims, deployContexts []string) error {
	for _, name := range []string{"sub", "aud", "jti", "scope", "deploy_context"} {
		value, present := claims[name]
		if text, ok := value.(string); (present || name != "scope") && (!ok || (name == "jti" && text == "")) {
			return fmt.Errorf("%s must be a string", name)
		}
	}
	for _, name := range []string{"iat", "exp", "nbf", "auth_time"} {
		value, present := claims[name]
		seconds, ok := value.(float64)
		isWhole := ok && seconds >= 0 && seconds < 1<<53 && seconds == math.Trunc(seconds)
		if (present || name == "iat" || name == "exp") && !isWhole {
			return fmt.Errorf("%s must be a whole number of seconds", name)
		}
	}
	if life := claims["exp"].(float64) - claims["iat"].(float64); life <= 0 || life > 3600 {
		return errors.New("a life that no Daypass token has")
	}
	if began, ok := claims["auth_time"].(float64); ok && began > claims["iat"].(float64) {
		return errors.New("minted before its session began")
	}
	if !session.MatchString(claims["sub"].(string)) {
		return errors.New("sub is not a session of Daypass")
	}
	if !slices.Contains(deployContexts, claims["deploy_context"].(string)) {
		return errors.New("another deploy context")
	}
	return nil
}

// The header or the claims are the first level, each object or list inside another one more.
const maxLevels = 64

// checkJSON refuses what encoding/json lets pass: the last of two members, bytes that are not UTF-8, and more levels.
func checkJSON(part string) error {
	data, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil || !utf8.Valid(data) {
		return errors.New("not UTF-8 in base64url")
	}
	return checkMembers(json.NewDecoder(bytes.NewReader(data)), 1)
}

func checkMembers(decoder *json.Decoder, level int) error {
	token, err := decoder.Token()
	open, nested := token.(json.Delim)
	if err != nil || !nested {
		return err
	}
	if level > maxLevels {
		return errors.New("nested too deep")
	}
	names := map[json.Token]bool{}
	for decoder.More() {
		if open == '{' {
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			if names[name] {
				return errors.New("a member twice")
			}
			names[name] = true
		}
		if err := checkMembers(decoder, level+1); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}
