package main

import (
	"net/url"
	"strings"

	"prefect-platform/config"
)

// environmentSecrets are the secrets that this command was given by its environment, such as the passphrase, a token, or the password in the URL of a backend:
// other programs put them into their errors, and a pipeline puts errors into comments.
func environmentSecrets(environment []string) []string {
	var secrets []string
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if name == "PWD" || name == "OLDPWD" {
			continue // folders, whatever their names look like
		}
		if config.LooksSecret(name) && len(value) >= leastSecret {
			secrets = append(secrets, value)
		}
		if at, err := url.Parse(value); err == nil && at.User != nil {
			if password, given := at.User.Password(); given && len(password) >= leastSecret {
				secrets = append(secrets, at.User.String(), password)
			}
		}
	}
	return secrets
}

// leastSecret is the shortest text, in bytes, that is worth hiding: a shorter one is part of many words.
const leastSecret = 4

// masked takes the secrets of the environment out of a text.
func masked(text string, environment []string) string {
	for _, secret := range environmentSecrets(environment) {
		text = strings.ReplaceAll(text, secret, "[secret]")
	}
	return text
}
