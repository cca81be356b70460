package rules

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/internal/tokens"
)

const (
	// leastLength of a generated password leaves some of its strength when less than all characters are allowed.
	leastLength = 32
	// leastBits is the strength of a generated secret: NIST SP 800-131A asks for 112, OWASP ASVS 5.0 7.2.3 for 128.
	leastBits = 128
	// leastSalt is the length of a salt. It is enough for RFC 7677 (SCRAM) and is the most that crypt takes; used as a password by mistake, its 95 bits still
	// could not be guessed.
	leastSalt, leastSaltBits = 16, 80
	saltSuffix               = "-salt"
)

const strongPassword = "use random.NewRandomPassword with Length: pulumi.Int(credential.Length), or internal/credential"

var secretsGeneratorRules = []Rule{
	{
		ID:       "secrets-generator",
		Sentence: "Random values come from RandomPassword only.",
		Why:      "others have their value as resource ID, which the state keeps in plain text and every preview prints (pulumi-random #190); pets and integers can be guessed",
		Resource: func(c *Case) {
			if strings.HasPrefix(c.Resource.Type, "random:") && !c.Is(tokens.Password) {
				c.Refuse("it is a "+c.Resource.Type[strings.LastIndex(c.Resource.Type, ":")+1:]+", whose value is its public ID", strongPassword)
			}
		},
	},
	{
		ID:       "secrets-password-strength",
		Sentence: "A generated password has 32 or more characters and 128 or more bits, a salt 16 characters.",
		Why:      "password files are hashed with few rounds, because nginx hashes at each request: what protects them is that they cannot be guessed; OWASP ASVS 5.0 7.2.3",
		Resource: judgeStrength,
	},
	{
		ID:       "secrets-salt",
		Sentence: "A salt belongs to a slot of a credential.",
		Why:      "a salt may be shorter than a password, so that nothing else may be called one; which property it ends up in, no policy sees",
		Stack: func(c *Case, all []Resource) {
			for _, salt := range all {
				if salt.Type != tokens.Password || !strings.HasSuffix(salt.Name, saltSuffix) {
					continue
				}
				of := strings.TrimSuffix(salt.Name, saltSuffix)
				paired := slices.ContainsFunc(all, func(r Resource) bool { return r.Type == tokens.Password && r.Name == of && r.Parent == salt.Parent })
				if !paired && !slices.Contains(c.Secrets, suppliedKey(of)) {
					c.RefuseOf(salt, "it is a salt of nothing: there is no password "+of+" beside it", "name it without "+saltSuffix+", with 32 characters, if it is a password; make credentials with internal/credential")
				}
			}
		},
	},
	{
		ID:       "secrets-generation",
		Sentence: "A rotated password has the generation of its slot as keeper.",
		Why:      "without it, raising rotation.<credential>.<slot> changes nothing, and who believes to have retired a leaked password has not",
		Resource: judgeGeneration,
	},
}

func judgeStrength(c *Case) {
	if !c.Is(tokens.Password) {
		return
	}
	length, known := c.Property("length").Number()
	alphabet, ok := alphabetOf(c)
	if c.Property("length").Unknown() || !ok {
		return
	}
	if !known || math.IsNaN(length) || length < 0 {
		c.Refuse("it has no length", strongPassword)
		return
	}
	least, bits, what := float64(leastLength), float64(leastBits), "a password"
	if strings.HasSuffix(c.Resource.Name, saltSuffix) {
		least, bits, what = leastSalt, leastSaltBits, "a salt"
	}
	if length < least {
		c.Refuse(fmt.Sprintf("length is %g, %s needs %g", length, what, least), strongPassword)
		return
	}
	if has := length * math.Log2(float64(max(alphabet, 1))); has < bits {
		c.Refuse(fmt.Sprintf("%g characters of %d different ones have %.0f bits, %s needs %g", length, alphabet, has, what, bits), "allow upper, lower and numeric; "+strongPassword)
	}
}

// alphabetOf counts the characters that a password may have. What is missing is allowed (provider terraform-provider-random, resource_password.go).
func alphabetOf(c *Case) (size int, ok bool) {
	allowed := func(names ...string) bool {
		for _, name := range names {
			v := c.Property(name)
			if v.Unknown() {
				ok = false
				return false
			}
			if flag, given := v.Flag(); given && !flag {
				return false
			}
		}
		return true
	}
	ok = true
	if allowed("upper") {
		size += 26
	}
	if allowed("lower") {
		size += 26
	}
	if allowed("numeric", "number") {
		size += 10
	}
	if allowed("special") {
		override := c.Property("overrideSpecial")
		if override.Unknown() {
			return 0, false
		}
		if signs, given := override.Text(); given && signs != "" {
			size += len(unique(signs))
		} else {
			size += len("!@#$%&*()-_=+[]{}<>:?")
		}
	}
	return size, ok
}

func unique(text string) map[rune]bool {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return seen
}

// slotOf takes "sql-exporter-a-salt" apart, into sqlExporter and a.
func slotOf(name string) (section, slot string, ok bool) {
	name = strings.TrimSuffix(name, saltSuffix)
	for _, section := range rotated {
		for _, slot := range []string{"a", "b"} {
			if name == resourceOf(section)+"-"+slot {
				return section, slot, true
			}
		}
	}
	return "", "", false
}

// resourceOf is what the program calls the passwords of a section, without the slot.
func resourceOf(section string) string {
	for _, part := range []string{"Exporter", "Role"} {
		if kind, found := strings.CutSuffix(section, part); found {
			return kind + "-" + strings.ToLower(part)
		}
	}
	return section
}

// suppliedKey is the secret that takes the place of a generated password.
func suppliedKey(name string) string {
	section, slot, ok := slotOf(name)
	if !ok {
		return ""
	}
	return "prefect-platform:" + section + "Password" + strings.ToUpper(slot)
}

func judgeGeneration(c *Case) {
	if !c.Is(tokens.Password) {
		return
	}
	if i := slices.IndexFunc(c.Resource.IgnoreChanges, func(path string) bool { return path == "*" || strings.HasPrefix(path, "keepers") }); i >= 0 {
		c.Refuse("changes of "+c.Resource.IgnoreChanges[i]+" are ignored", "take pulumi.IgnoreChanges away: keepers must make another value")
	}
	section, slot, rotated := slotOf(c.Resource.Name)
	if !rotated || c.Resource.Parent != "" && !strings.Contains(c.Resource.Parent, "::"+tokens.Stack+"::") {
		return
	}
	configured := c.rotation()[section]
	if configured.Unreadable != "" {
		return // see secrets-kept-slot
	}
	want := strconv.Itoa(configured.generation(slot))
	keepers := c.Property("keepers")
	if keepers.Unknown() {
		return
	}
	generation := keepers.Get("generation")
	if generation.Unknown() {
		return
	}
	var has string
	for _, leaf := range generation.Leaves() {
		has = leaf.Text
	}
	if has != want {
		c.Refuse(fmt.Sprintf("keepers.generation is %q, and rotation.%s.%s of the stack's configuration %s", has, section, slot, want), `give it Keepers: pulumi.StringMap{"generation": …} of its slot, as internal/credential does`)
	}
}
