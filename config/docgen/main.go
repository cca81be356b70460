// Command docgen writes docs/configuration.md from the types and defaults of package config. Run it in the root of the repository.
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := page("config")
	if err == nil {
		err = os.WriteFile("docs/configuration.md", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}
