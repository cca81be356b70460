package backup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReceive_BeginsAnewOnlyOnceAllIsStored(t *testing.T) {
	p := newPlace(t, map[string]string{
		"psql": "", "pg_receivewal": "",
		"sleep": `ls "$STAGE" | grep -q wal && echo kept >"$STAGE/seen"; rm -f "$STAGE/store-now"`,
	})
	p.write(t, "stage/identity", "another|1")
	p.write(t, "stage/wal/000000010000000000000001", "")
	if exit, said := p.run(t, strings.Replace(functions(receiveScript), "slot=$1", "slot=backup", 1)+"begin_anew 'server|1'"); exit != 0 {
		t.Fatalf("%d: %s", exit, said)
	}
	if p.read("stage/seen") != "kept\n" || p.read("stage/identity") != "server|1\n" || !strings.Contains(p.read("calls"), "pg_receivewal --slot=backup --create-slot") {
		t.Errorf("seen %q, identity %q, it called\n%s", p.read("stage/seen"), p.read("stage/identity"), p.read("calls"))
	}
	if found, _ := filepath.Glob(filepath.Join(p.dir, "stage/wal/*")); len(found) > 0 {
		t.Errorf("what belongs to another server is left: %v", found)
	}
}

// following stands in for a server, which answers what is in $SAYS, and for a clock that goes on 10 s at each look. After some looks nothing receives any more.
var following = map[string]string{
	"psql":  `cat "$STAGE/says"`,
	"sleep": `/bin/sleep 0.05; echo >>"$STAGE/slept"; [ "$(wc -l <"$STAGE/slept")" -lt "$TURNS" ] || kill "$(cat "$STAGE/pid")"`,
	"date":  `case $1 in +%s) n=$(($(cat "$STAGE/clock" 2>/dev/null || echo 1000) + 10)); echo $n >"$STAGE/clock"; echo $n ;; *) exec /bin/date "$@" ;; esac`,
}

func TestReceive_NotesOnlyWhatTheServerSaysIsThere(t *testing.T) {
	for says, want := range map[string]struct {
		received, ready, ended bool
	}{
		"0/2000|0/2100|0/2100|t": {received: true, ready: true},
		"0/2000|0/2100|0/1000|f": {ended: true}, // it hangs
		"":                       {},            // nobody answers
	} {
		p := newPlace(t, following)
		p.write(t, "stage/says", says)
		if want.ended {
			p.write(t, "tmp/ready", "")
		}
		script := strings.Replace(functions(receiveScript), "slot=$1", "slot=backup", 1) + `/bin/sleep 60 &
receiver=$!
echo $receiver >"$STAGE/pid"
follow
wait $receiver
echo "ended by $?"`
		_, said := p.run(t, script, "TURNS=15")
		received := p.read("stage/received")
		if (received != "") != want.received || strings.Contains(said, "ended by 137") != want.ended || strings.Contains(said, "started anew") != want.ended {
			t.Errorf("%q: received %q\n%s", says, received, said)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "tmp/ready")); (err == nil) != want.ready {
			t.Errorf("%q: ready is %v", says, err == nil)
		}
		if report := p.read("reports/receive.prom"); (report != "") != want.received {
			t.Errorf("%q: the report is %q", says, report)
		}
		if !want.received {
			continue
		}
		var at int64
		var form, position string
		if _, err := fmt.Sscan(received, &at, &form, &position); err != nil || form != time.Unix(at, 0).UTC().Format("20060102T150405Z") || position != "0/2100" {
			t.Errorf("received is %q: %v", received, err)
		}
	}
}

// A receiver that has much to catch up is not ended, and not taken for ready.
func TestReceive_LeavesWhatComesOnAlone(t *testing.T) {
	programs := map[string]string{}
	for name, script := range following {
		programs[name] = script
	}
	programs["psql"] = `n=$(($(cat "$STAGE/n" 2>/dev/null || echo 0) + 1)); echo $n >"$STAGE/n"; echo "0/9000|0/9000|0/$n|f"`
	p := newPlace(t, programs)
	_, said := p.run(t, strings.Replace(functions(receiveScript), "slot=$1", "slot=backup", 1)+"/bin/sleep 60 &\nreceiver=$!\necho $receiver >\"$STAGE/pid\"\nfollow", "TURNS=20")
	if strings.Contains(said, "started anew") || p.read("stage/received") != "" {
		t.Errorf("received %q\n%s", p.read("stage/received"), said)
	}
}

func TestReceiving_TellsWhatHangsFromWhatWaits(t *testing.T) {
	for script, want := range map[string]int{
		": >/tmp/round; : >/tmp/ready\n":                       0,
		": >/tmp/round\n":                                      1,
		"touch -d '2 minutes ago' /tmp/round; : >/tmp/ready\n": 2,
		": >/tmp/ready\n":                                      2,
	} {
		p := newPlace(t, nil)
		if exit, said := p.run(t, script+receivingScript); exit != want {
			t.Errorf("%q: %d, want %d\n%s", script, exit, want, said)
		}
	}
}
