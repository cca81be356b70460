package prefecttoml

import (
	"testing"
	"unicode"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"
)

func TestServer_HandsOverAnyPrintableSecret(t *testing.T) {
	printable := rapid.StringOfN(rapid.RuneFrom(nil, &unicode.RangeTable{R16: []unicode.Range16{{Lo: ' ', Hi: '~', Stride: 1}}}), 1, 64, -1)
	rapid.Check(t, func(t *rapid.T) {
		want := Server{
			DatabaseURL:   printable.Draw(t, "url"),
			AuthString:    printable.Draw(t, "auth"),
			DocketURL:     printable.Draw(t, "docket"),
			RedisPassword: printable.Draw(t, "redis"),
		}
		var got struct {
			Server struct {
				Database struct {
					URL string `toml:"connection_url"`
				}
				API struct {
					AuthString string `toml:"auth_string"`
				}
				Docket struct{ URL string }
			}
			Redis struct {
				Messaging          struct{ Password string }
				WorkerCleanupQueue struct{ Password string } `toml:"worker_cleanup_queue"`
			}
		}
		if _, err := toml.Decode(want.String(), &got); err != nil {
			t.Fatal(err)
		}
		read := Server{DatabaseURL: got.Server.Database.URL, AuthString: got.Server.API.AuthString, DocketURL: got.Server.Docket.URL, RedisPassword: got.Redis.Messaging.Password}
		if read != want || got.Redis.WorkerCleanupQueue.Password != want.RedisPassword {
			t.Fatalf("got %+v, want %+v", read, want)
		}
	})
}

func TestClient_HoldsNothingButTheCredential(t *testing.T) {
	got := Client(`prefect:p"\w`)
	want := "[api]\nauth_string = \"prefect:p\\\"\\\\w\"\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
