// Runs Verify over files of vectors: go run . accept.json refuse.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

type vector struct {
	Name, Secret, SecondarySecret, Issuer, Audience, Token string
	DeployContexts                                         []string
	Now                                                    int64
	Code                                                   *string
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
