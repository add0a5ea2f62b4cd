package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/golang-jwt/jwt/v5"
)

type claimsKey struct{}

// ClaimsOf returns the claims of the caller's access token: sub names the session, iss the site. It is nil where
// RequireAccessToken does not stand in front.
func ClaimsOf(request *http.Request) jwt.MapClaims {
	claims, _ := request.Context().Value(claimsKey{}).(jwt.MapClaims)
	return claims
}

// RequireAccessToken lets only callers with an access token through, whatever their method: where the gate stands in front, it
// answers preflights; otherwise let the CORS handler stand before this one. A refusal is 401 with the challenge of RFC 6750 §3
// and problem+json; why a token was refused is only in the log.
//
//	verifier, err := NewVerifier(Site{
//		Secrets: []string{os.Getenv("DAYPASS_SECRET")}, Issuer: "https://your-site.example",
//		Audience: "api", DeployContexts: []string{"production"},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.Handle("/api/", verifier.RequireAccessToken(api))
func (verifier *Verifier) RequireAccessToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		token, err := ReadToken(request.Header)
		if errors.Is(err, ErrSentTwice) {
			refuse(writer, http.StatusBadRequest, "token_repeated", "Send the token once.", "")
			return
		}
		if err != nil {
			refuseToken(writer, err)
			return
		}
		if token == "" {
			// RFC 6750 §3.1: no error code for a caller who sent no token.
			refuse(writer, http.StatusUnauthorized, "token_missing", "Send the token as Authorization: Bearer, once.",
				`Bearer realm="daypass"`)
			return
		}
		claims, err := verifier.Verify(token)
		if err != nil {
			refuseToken(writer, err)
			return
		}
		next.ServeHTTP(writer, request.WithContext(context.WithValue(request.Context(), claimsKey{}, claims)))
	})
}

func refuseToken(writer http.ResponseWriter, reason error) {
	slog.Warn("an access token was refused", "reason", reason)
	refuse(writer, http.StatusUnauthorized, "token_refused", "The access token was refused.",
		`Bearer realm="daypass", error="invalid_token", error_description="The access token was refused."`)
}

func refuse(writer http.ResponseWriter, status int, code, detail, challenge string) {
	header := writer.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	if challenge != "" {
		header.Set("WWW-Authenticate", challenge)
	}
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(map[string]any{
		"type":  "https://github.com/daypass/daypass/blob/main/docs/errors.md#" + code,
		"title": http.StatusText(status), "status": status, "detail": detail, "code": code,
	})
}
