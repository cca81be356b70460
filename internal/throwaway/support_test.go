package throwaway

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// tree is a configuration value with encrypted ones in it.
func tree(secrets *int) *rapid.Generator[any] {
	secure := rapid.Custom(func(t *rapid.T) any {
		*secrets++
		return map[string]any{"secure": "ciphertext" + strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "n"))}
	})
	leaf := rapid.OneOf(rapid.StringMatching(`[ -~äß\n]{0,12}`).AsAny(), rapid.Bool().AsAny(), rapid.IntRange(-9, 99999).AsAny(), secure)
	return rapid.OneOf(
		leaf,
		rapid.SliceOfN(leaf, 0, 3).AsAny(),
		rapid.MapOfN(rapid.StringMatching(`[a-z]{1,6}`), leaf, 0, 3).AsAny(),
	)
}

// without is a value as it should be left: nobody knows the shape of what is encrypted at an unknown place, so it is left out.
func without(value any) any {
	switch value := value.(type) {
	case map[string]any:
		left := map[string]any{}
		for name, each := range value {
			if !encrypted(each) {
				left[name] = without(each)
			}
		}
		return left
	case []any:
		left := []any{}
		for _, each := range value {
			if !encrypted(each) {
				left = append(left, without(each))
			}
		}
		return left
	default:
		return value
	}
}

func encrypted(value any) bool {
	object, ok := value.(map[string]any)
	return ok && len(object) == 1 && object["secure"] != nil
}

func unmarshal(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

func mustJSON(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func base64Decoded(t testing.TB, text string) []byte {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
