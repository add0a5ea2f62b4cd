package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

const testNow = 1_800_000_000

var (
	shop = Site{[]string{"Zq7Rk2Wm9Xc4Vb1Nn8Ls5Hd3Gf6Jt0Py-tests"}, "https://shop.example", "api", []string{"production"}}
	blog = Site{[]string{"Fg5Vc0Bn7Mk2Jh9Lp4Xs6Zd1Qw8Er3Ty-tests"}, "https://blog.example", "comments", []string{"production"}}
)

// mint signs a token of a site by its first secret.
func mint(site Site, changes map[string]any) string {
	claims := map[string]any{
		"iss": site.Issuer, "aud": site.Audience, "sub": "anon_AAAAAAAAAAAAAAAAAAAAAA", "jti": "a",
		"iat": testNow, "exp": testNow + 300, "deploy_context": site.DeployContexts[0],
	}
	for name, value := range changes {
		claims[name] = value
	}
	encode := func(value any) string {
		data, _ := json.Marshal(value)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	secret := site.Secrets[0]
	input := encode(map[string]any{"alg": "HS256", "typ": "JWT", "kid": keyID(secret)}) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// serve starts a backend that answers with the caller's method, session and site.
func serve(t *testing.T, sites ...Site) *httptest.Server {
	verifier, err := NewVerifier(sites...)
	if err != nil {
		t.Fatal(err)
	}
	verifier.now = func() time.Time { return time.Unix(testNow, 0) }
	server := httptest.NewServer(verifier.RequireAccessToken(http.HandlerFunc(
		func(writer http.ResponseWriter, request *http.Request) {
			claims := ClaimsOf(request)
			fmt.Fprint(writer, request.Method, " ", claims["sub"], " ", claims["iss"])
		},
	)))
	t.Cleanup(server.Close)
	return server
}

type reply struct {
	status int
	header http.Header
	body   string
}

func call(t *testing.T, server *httptest.Server, method string, authorization ...string) reply {
	request, err := http.NewRequest(method, server.URL+"/api/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range authorization {
		request.Header.Add("Authorization", each)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

func captureLog(t *testing.T) *bytes.Buffer {
	var log bytes.Buffer
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(previous) })
	return &log
}

func TestHandlersKnowTheCaller(t *testing.T) {
	server := serve(t, shop, blog)
	for _, site := range []Site{shop, blog} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			got := call(t, server, method, "Bearer "+mint(site, nil))
			want := method + " anon_AAAAAAAAAAAAAAAAAAAAAA " + site.Issuer
			if got.status != 200 || got.body != want {
				t.Errorf("%s of %s: %d %q, want %q", method, site.Issuer, got.status, got.body, want)
			}
		}
	}
	if got := call(t, server, "HEAD", "bearer "+mint(shop, nil)); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

func TestNoTokenIsAskedForWithoutAnErrorCode(t *testing.T) {
	server := serve(t, shop)
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		for _, authorization := range [][]string{nil, {"Basic dXNlcjpwYXNz"}, {"Bearing x"}} {
			got := call(t, server, method, authorization...)
			if got.status != 401 || got.header.Get("WWW-Authenticate") != `Bearer realm="daypass"` {
				t.Errorf("%s %v: %d %v", method, authorization, got.status, got.header)
			}
		}
	}
	got := call(t, server, "GET")
	var problem map[string]any
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil || problem["code"] != "token_missing" {
		t.Errorf("%v %v", err, got.body)
	}
	if got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got.header)
	}
}

func TestRefusalsLookAlikeAndTheLogSaysWhy(t *testing.T) {
	log := captureLog(t)
	server := serve(t, shop)
	good := mint(shop, nil)
	refused := map[string][]string{
		"expired":     {"Bearer " + mint(shop, map[string]any{"iat": testNow - 400, "exp": testNow - 100})},
		"audience":    {"Bearer " + mint(shop, map[string]any{"aud": "admin"})},
		"another one": {"Bearer " + mint(blog, nil)},
		"cut":         {"Bearer " + good[:len(good)-4]},
		"no token":    {"Bearer"},
		"two words":   {"Bearer " + good + " " + good},
		"two fields":  {"Bearer " + good, "Bearer " + good},
	}
	bodies := map[string]bool{}
	for name, authorization := range refused {
		got := call(t, server, "GET", authorization...)
		if got.status != 401 || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
		bodies[got.body] = true
	}
	if len(bodies) != 1 {
		t.Errorf("refusals differ: %v", bodies)
	}
	if lines := strings.Count(log.String(), "an access token was refused"); lines != len(refused) {
		t.Errorf("%d lines for %d refusals: %s", lines, len(refused), log)
	}
	if strings.Contains(log.String(), "eyJ") {
		t.Errorf("the log holds a token: %s", log)
	}
}

func TestTheTokenMayStandInXDaypassBesideAPasswordButNotTwice(t *testing.T) {
	server := serve(t, shop)
	for authorization, want := range map[string]int{"Basic dXNlcjpwYXNz": 200, "Bearer " + mint(shop, nil): 400} {
		request, _ := http.NewRequest("GET", server.URL, nil)
		request.Header.Set("Authorization", authorization)
		request.Header.Set("X-Daypass", mint(shop, nil))
		response, err := server.Client().Do(request)
		if err != nil || response.StatusCode != want {
			t.Errorf("%s: %v %v", authorization, response, err)
		}
		response.Body.Close()
	}
}

func TestABadSecretFailsAtStart(t *testing.T) {
	for _, secret := range []string{"", "short", os.Getenv("DAYPASS_SECRET_THAT_IS_NOT_SET")} {
		site := shop
		site.Secrets = []string{secret}
		if _, err := NewVerifier(site); err == nil || !strings.Contains(err.Error(), "DAYPASS_SECRET") {
			t.Errorf("%q: %v", secret, err)
		}
	}
	incomplete := []Site{{}, {Secrets: shop.Secrets, Issuer: shop.Issuer}}
	for _, site := range incomplete {
		if _, err := NewVerifier(site); err == nil {
			t.Errorf("%+v was taken", site)
		}
	}
}
