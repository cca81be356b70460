// Package logline makes of a line that a container wrote what a person reads in a terminal.
package logline

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// clock is RFC 3339 with milliseconds.
const clock = "2006-01-02T15:04:05.000Z07:00"

// behind is what a person has no use for beside the rest: ids are long, and the names of a task run and of its flow run say the same as those of task and flow.
var behind = []string{"flow_run_id", "task_run_id", "flow_name", "task_name", "flow_run_name", "source"}

// Show returns the line to print, and after it those that belong to it: further lines of the message, and an exception. Times are in the zone of at, which is when
// the engine received the line and stands for the time in it when that has none, or only whole seconds, as nginx's. Text that is none of our programs' JSON is
// shown as it is. What would move the cursor, colour the screen or turn the direction of writing is shown as Go writes it in a string: whoever logs must not
// write to the terminal.
func Show(at time.Time, text string) []string {
	fields, known := parse(text)
	if !known {
		return []string{printable(strings.TrimPrefix(stamp(at)+" "+text, " "))}
	}
	if own, err := time.Parse(time.RFC3339, fields.take("time")); err == nil && own.Nanosecond() > 0 {
		at = own.In(at.Location())
	}
	said := fields.request()
	if said == "" {
		said = fields.message()
	}
	exception := fields.take("exception")
	head, more, _ := strings.Cut(said, "\n")
	for _, name := range behind {
		delete(fields, name)
	}
	shown := []string{strings.Join(slices.DeleteFunc([]string{stamp(at), printable(head), fields.rest()}, empty), " ")}
	for _, part := range []string{more, exception} {
		for line := range strings.Lines(part) {
			shown = append(shown, printable(strings.TrimSuffix(line, "\n")))
		}
	}
	return shown
}

func empty(text string) bool { return text == "" }

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(clock)
}

// fields are those of a JSON object that are not shown yet.
type fields map[string]any

// parse knows an object with a message, and nginx's, which has none.
func parse(text string) (fields, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // a number is shown as it was written
	var found fields
	if err := decoder.Decode(&found); err != nil || found == nil {
		return nil, false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, false
	}
	return found, found.has("message") || found.has("msg") || found.has("method", "path", "status", "seconds")
}

func (f fields) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, has := f[name]; return !has })
}

// take removes a field and returns it as text, empty when there is none.
func (f fields) take(name string) string {
	value, has := f[name]
	delete(f, name)
	if !has {
		return ""
	}
	return textOf(value)
}

func textOf(value any) string {
	if text, is := value.(string); is {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// request is a line of nginx's access log.
func (f fields) request() string {
	if f.has("message") || f.has("msg") || !f.has("method", "path", "status", "seconds") {
		return ""
	}
	var said []string
	for _, name := range []string{"client", "user", "method", "path", "status"} {
		value := f.take(name)
		if value == "" {
			value = "-"
		}
		said = append(said, value)
	}
	said = append(said, f.take("seconds")+"s")
	clear(f)
	return strings.Join(said, " ")
}

// message is level, logger, the run that it speaks of, and what it says.
func (f fields) message() string {
	level, logger, run := f.take("level"), f.take("logger"), f.take("task_run_name")
	if run == "" {
		run = f.take("flow_run_name")
	}
	if run != "" {
		logger = strings.TrimPrefix(logger+" ("+run+")", " ")
	}
	if logger != "" {
		logger += ": "
	}
	said := f.take("message")
	if said == "" {
		said = f.take("msg")
	}
	return fmt.Sprintf("%-7s %s%s", strings.ToUpper(level), logger, said)
}

// rest is every other field, by name.
func (f fields) rest() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		value := textOf(f[name])
		if strings.ContainsAny(value, " =\"\n") || value == "" {
			value = fmt.Sprintf("%q", value)
		}
		all = append(all, name+"="+value)
	}
	return printable(strings.Join(all, " "))
}
