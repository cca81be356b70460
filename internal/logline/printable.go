package logline

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable writes as an escape sequence of Go's whatever is no visible character, space or tab.
func printable(text string) string {
	var shown strings.Builder
	for i := 0; i < len(text); {
		r, width := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && width == 1:
			fmt.Fprintf(&shown, `\x%02x`, text[i])
		case r == '\t' || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r):
			shown.WriteRune(r)
		default:
			shown.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		i += width
	}
	return shown.String()
}
