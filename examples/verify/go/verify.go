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

// Options is what a backend knows of the tokens that it accepts.
type Options struct {
	Secrets        []string // DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation
	Issuer         string   // your site, such as https://your-site.example
	Audience       string
	DeployContexts []string // usually production alone
	Now            func() time.Time
}

var (
	compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
	session = regexp.MustCompile(`^anon_[A-Za-z0-9_-]{22}$`)
)

var (
	bearer = regexp.MustCompile(`(?is)^bearer(?: +(.*)|\s.*)?$`)
	single = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
)

// ReadToken returns the token of a request: of Authorization: Bearer, or of X-Daypass, which holds it alone, where a password
// of the site takes Authorization. It is empty when it is in neither: answer 401 without an error code. What is not one token
// is an error.
func ReadToken(header http.Header) (string, error) {
	own, authorization := header.Values("X-Daypass"), strings.Join(header.Values("Authorization"), ", ")
	match := bearer.FindStringSubmatch(authorization)
	if match == nil && own == nil {
		return "", nil
	}
	if match != nil && own != nil {
		return "", errors.New("sent twice")
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
func Verify(token string, options Options) (jwt.MapClaims, error) {
	// Go's base64 skips line breaks, also when it is strict.
	if len(token) > 4096 || !compact.MatchString(token) {
		return nil, errors.New("too long, or not three parts of base64url")
	}
	for _, part := range strings.Split(token, ".")[:2] {
		if err := checkJSON(part); err != nil {
			return nil, err
		}
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims,
		func(token *jwt.Token) (any, error) { return findKey(token.Header, options.Secrets) },
		jwt.WithValidMethods([]string{"HS256"}),
		jwt.WithStrictDecoding(),
		jwt.WithIssuer(options.Issuer),
		jwt.WithAudience(options.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(30*time.Second),
		jwt.WithTimeFunc(options.Now),
	)
	if err != nil {
		return nil, err
	}
	return claims, checkClaims(claims, options.DeployContexts)
}

func findKey(header map[string]any, secrets []string) (any, error) {
	// golang-jwt looks at neither, although a crit that is not understood must be refused.
	if _, ok := header["crit"]; ok || header["typ"] != "JWT" {
		return nil, errors.New("another kind of token")
	}
	for _, secret := range secrets {
		if len(secret) < 32 {
			return nil, errors.New("a secret is missing, or shorter than 32 bytes")
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("daypass kid"))
		if header["kid"] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil))[:8] {
			return []byte(secret), nil
		}
	}
	return nil, errors.New("unknown key")
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
