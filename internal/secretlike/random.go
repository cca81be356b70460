package secretlike

import (
	"iter"
	"regexp"
	"strings"
)

var (
	// digests are long and random, and no secret: they name content.
	digests     = regexp.MustCompile(`(?i)\b(sha(1|224|256|384|512)[:=-]["']?[A-Za-z0-9+/_-]+=*|md5:[0-9a-f]{32}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)`)
	hexadecimal = regexp.MustCompile(`^([0-9a-f]+|[0-9A-F]+)$`)
	numerals    = regexp.MustCompile(`[0-9]+`)
	number      = regexp.MustCompile(`^[0-9]+$`)
)

// commit is how long the hexadecimal name of a git commit is.
const commit = 40

// random reports whether a text holds what nobody would write: 20 or more characters that change between small letters, capitals and digits as often as chance
// does, or 32 or more hexadecimal digits. Names, versions, paths, digests and commits are none.
func random(text string) bool {
	return anyRandom(text) && anyRandom(digests.ReplaceAllString(text, " "))
}

func anyRandom(text string) bool {
	for each := range runs(text, 20) {
		if strings.HasPrefix(each, "/") || strings.Contains(each, "//") { // a path or what follows a scheme; its parts may still be random
			each = strings.ReplaceAll(each, "/", " ")
		} else if mixed(each) {
			return true
		}
		for _, part := range strings.FieldsFunc(each, func(r rune) bool { return r == '/' || r == ' ' }) {
			if len(part) >= 20 && (mixed(part) || meaningless(part)) {
				return true
			}
		}
	}
	return false
}

// runs are the longest parts of at least so many characters of both alphabets of base64. A regular expression takes ten times as long over the files of a stack.
func runs(text string, least int) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin := -1
		for i := 0; i <= len(text); i++ {
			if i < len(text) && alphabet[text[i]] {
				if begin < 0 {
					begin = i
				}
				continue
			}
			if begin >= 0 && i-begin >= least && !yield(text[begin:i]) {
				return
			}
			begin = -1
		}
	}
}

var alphabet = func() (in [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-") {
		in[c] = true
	}
	return in
}()

// mixed is for base62 and base64. By chance, two neighbours are of different classes in 62 of 100 cases, and there are digits in several places; in names such as
// ReadOnlyRootFilesystem2 there are fewer of both. One in twenty generated passwords passes, which is the price of letting every name pass.
// The signs of base64 divide names and paths too: the longest part between them must be as mixed.
func mixed(text string) bool {
	if len(text) < 20 {
		return false
	}
	var longest string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("-_+/", r) }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	lower, upper, digit, changes := tally(longest)
	return len(longest) >= 12 && lower > 0 && upper > 0 && digit > 0 && changes*100 >= 40*(len(longest)-1) && len(numerals.FindAllString(longest, 2)) == 2
}

// meaningless is for base36, in which 40 of 100 neighbours differ by chance, and for hexadecimal digits; nothing divides their parts.
func meaningless(text string) bool {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '_' || r == '+' }) {
		switch {
		case number.MatchString(part):
		case hexadecimal.MatchString(part):
			if len(part) >= 32 && len(part) != commit {
				return true
			}
		case len(part) >= 20:
			lower, upper, digit, changes := tally(part)
			if (lower == 0) != (upper == 0) && digit > 0 && changes*100 >= 33*(len(part)-1) {
				return true
			}
		}
	}
	return false
}

// tally counts the classes of characters, and how often two neighbours are letters or digits of different classes.
func tally(text string) (lower, upper, digit, changes int) {
	before := 0
	for _, r := range text {
		class := 0
		switch {
		case r >= 'a' && r <= 'z':
			lower, class = lower+1, 1
		case r >= 'A' && r <= 'Z':
			upper, class = upper+1, 2
		case r >= '0' && r <= '9':
			digit, class = digit+1, 3
		}
		if before != 0 && class != 0 && class != before {
			changes++
		}
		before = class
	}
	return lower, upper, digit, changes
}
