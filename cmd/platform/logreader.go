package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/logline"
)

// logReader prints lines of several containers.
type logReader struct {
	engine *live.Engine
	show   logOptions
	width  int // of the containers' names

	mutex sync.Mutex
	read  map[string]time.Time // when the last line that was read of a container was written, shown or not
}

func newLogReader(e *live.Engine, show logOptions, containers []live.Container) *logReader {
	r := &logReader{engine: e, show: show, read: map[string]time.Time{}}
	for _, c := range containers {
		r.width = max(r.width, len(c.Name))
	}
	return r
}

type namedLine struct {
	name string
	live.LogLine
}

// history prints what all containers have written so far in the order of its time, and returns how many lines that are.
func (r *logReader) history(ctx context.Context, containers []live.Container) (int, error) {
	var all []namedLine
	for _, c := range containers {
		lines, err := r.past(ctx, c)
		if err != nil {
			return 0, err
		}
		all = append(all, lines...)
	}
	slices.SortStableFunc(all, func(a, b namedLine) int { return a.At.Compare(b.At) })
	for _, l := range all {
		r.print(l.name, l.LogLine)
	}
	return len(all), nil
}

func (r *logReader) past(ctx context.Context, c live.Container) ([]namedLine, error) {
	read := r.show.read
	read.Follow = false
	if r.show.run != "" {
		read.Tail = 0 // the engine would count lines that are not shown
	}
	var lines []namedLine
	err := r.engine.Logs(ctx, c.ID, read, func(l live.LogLine) {
		if r.wants(c.ID, l) {
			lines = append(lines, namedLine{c.Name, l})
		}
	})
	if last := r.show.read.Tail; last > 0 && len(lines) > last {
		lines = lines[len(lines)-last:]
	}
	return lines, err
}

// follow prints lines as they come, also those of containers that start meanwhile.
func (r *logReader) follow(ctx context.Context, stack string, containers []live.Container, workloads []string) error {
	started, failed := r.engine.Started(ctx, stack)
	for _, c := range containers {
		go r.future(ctx, c)
	}
	for {
		select {
		case id, more := <-started:
			if !more {
				return nil
			}
			c, err := r.engine.Container(ctx, id)
			if err == nil && len(choose([]live.Container{*c}, workloads)) == 1 {
				go r.future(ctx, *c)
			}
		case err := <-failed:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// future prints what a container writes from now on, or has written since the last line that was read of it, until it ends.
func (r *logReader) future(ctx context.Context, c live.Container) {
	read := live.LogOptions{Follow: true, Since: r.show.read.Since}
	if last := r.lastOf(c.ID); !last.IsZero() {
		read.Since = last.Add(time.Nanosecond).Format(time.RFC3339Nano)
	}
	err := r.engine.Logs(ctx, c.ID, read, func(l live.LogLine) {
		if r.wants(c.ID, l) {
			r.print(c.Name, l)
		}
	})
	if err != nil && ctx.Err() == nil {
		r.print(c.Name, live.LogLine{Text: fmt.Sprintf("(%v)", err)})
	}
}

func (r *logReader) lastOf(id string) time.Time {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.read[id]
}

// wants notes that a line was read.
func (r *logReader) wants(id string, l live.LogLine) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.read[id] = l.At
	return r.show.run == "" || logline.Names(l.Text, r.show.run)
}

func (r *logReader) print(name string, l live.LogLine) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.show.raw {
		fmt.Println(l.Text)
		return
	}
	if strings.TrimSpace(l.Text) == "" {
		return
	}
	for _, line := range logline.Show(l.At.Local(), l.Text) {
		fmt.Printf("%-*s  %s\n", r.width, name, line)
		name = "" // what belongs to a line stands under it, where no line of its own can be mistaken for it
	}
}
