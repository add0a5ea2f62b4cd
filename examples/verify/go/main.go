// Runs Verify and ReadToken over files of vectors: go run . accept.json refuse.json fields.json
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

type vector struct {
	Name, Secret, SecondarySecret, Issuer, Audience, Token string
	DeployContexts                                         []string
	Now                                                    int64
	Code                                                   *string
	Fields                                                 map[string]string
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
			secrets := []string{v.Secret}
			if v.SecondarySecret != "" {
				secrets = append(secrets, v.SecondarySecret)
			}
			_, err := Verify(v.Token, Options{
				Secrets: secrets, Issuer: v.Issuer, Audience: v.Audience, DeployContexts: v.DeployContexts,
				Now: func() time.Time { return time.Unix(v.Now, 0) },
			})
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
