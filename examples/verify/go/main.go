// Runs a Verifier and ReadToken over files of vectors: go run . accept.json refuse.json sites.json fields.json
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

type vectorSite struct {
	Secret, SecondarySecret, Issuer, Audience string
	DeployContexts                            []string
}

type vector struct {
	vectorSite
	Sites                       *[]vectorSite
	Name, Token, AcceptedIssuer string
	Now                         int64
	Code                        *string
	Fields                      map[string]string
}

// isReadRight says whether ReadToken does with the fields of a vector what it must.
func (v vector) isReadRight() bool {
	header := http.Header{}
	for name, value := range v.Fields {
		header.Set(name, value)
	}
	token, err := ReadToken(header)
	isRefused := v.Code != nil && *v.Code != "token_missing"
	return token == v.Token && (err != nil) == isRefused
}

// check returns an error for a token that is refused. Settings that cannot work accept nothing.
func (v vector) check() error {
	listed := []vectorSite{v.vectorSite}
	if v.Sites != nil {
		listed = *v.Sites
	}
	sites := []Site{}
	for _, each := range listed {
		secrets := []string{each.Secret}
		if each.SecondarySecret != "" {
			secrets = append(secrets, each.SecondarySecret)
		}
		sites = append(sites, Site{secrets, each.Issuer, each.Audience, each.DeployContexts})
	}
	verifier, err := NewVerifier(sites...)
	if err != nil {
		return err
	}
	verifier.now = func() time.Time { return time.Unix(v.Now, 0) }
	claims, err := verifier.Verify(v.Token)
	if err == nil && v.AcceptedIssuer != "" && claims["iss"] != v.AcceptedIssuer {
		return fmt.Errorf("of %v", claims["iss"])
	}
	return err
}

func main() {
	count, wrong := 0, 0
	for _, path := range os.Args[1:] {
		data, err := os.ReadFile(path)
		var vectors []vector
		if err == nil {
			err = json.Unmarshal(data, &vectors)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		for _, v := range vectors {
			if v.Fields != nil {
				count++
				if !v.isReadRight() {
					wrong++
					fmt.Printf("read: %s\n", v.Name)
				}
				continue
			}
			err := v.check()
			count++
			if (err == nil) != (v.Code == nil) {
				wrong++
				fmt.Printf("%s: %s (%v)\n", map[bool]string{true: "accepted", false: "refused"}[err == nil], v.Name, err)
			}
		}
	}
	fmt.Printf("%d vectors, %d wrong\n", count, wrong)
	if wrong > 0 || count == 0 {
		os.Exit(1)
	}
}
