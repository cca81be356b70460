package live

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"prefect-platform/internal/tokens"
)

// LogOptions choose what of a log is read.
type LogOptions struct {
	// Since is a duration ("10m") or a time (RFC 3339); empty means from the beginning.
	Since string
	// Tail is the number of last lines; 0 means all.
	Tail int
	// Follow reads on until the container ends or the context does.
	Follow bool
}

// LogLine is one line of what a container wrote, standard output and error together.
type LogLine struct {
	At   time.Time
	Text string
}

// Logs hands every line of a container's log to a function, in the order in which they were written.
func (e *Engine) Logs(ctx context.Context, id string, options LogOptions, line func(LogLine)) error {
	request := client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true,
		Since: options.Since, Follow: options.Follow,
	}
	if options.Tail > 0 {
		request.Tail = strconv.Itoa(options.Tail)
	}
	stream, err := e.api.ContainerLogs(ctx, id, request)
	if err != nil {
		return fmt.Errorf("log of container %s: %w", id, err)
	}
	defer func() { _ = stream.Close() }()

	reader, writer := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(writer, writer, stream)
		_ = writer.CloseWithError(err)
	}()
	lines := bufio.NewReader(reader)
	for {
		text, err := lines.ReadString('\n')
		if text != "" {
			line(parseLogLine(strings.TrimRight(text, "\r\n")))
		}
		if err == io.EOF || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("log of container %s: %w", id, err)
		}
	}
}

// parseLogLine takes off the time that Docker puts before every line.
func parseLogLine(text string) LogLine {
	stamp, rest, found := strings.Cut(text, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if !found || err != nil {
		return LogLine{Text: text}
	}
	return LogLine{At: at, Text: rest}
}

// Started tells of containers of a stack that start, until the context ends.
func (e *Engine) Started(ctx context.Context, stack string) (ids <-chan string, failed <-chan error) {
	events := e.api.Events(ctx, client.EventsListOptions{Filters: make(client.Filters).
		Add("type", "container").Add("event", "start").Add("label", tokens.LabelStack+"="+stack)})
	found := make(chan string)
	go func() {
		defer close(found)
		for {
			select {
			case message := <-events.Messages:
				select {
				case found <- message.Actor.ID:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return found, events.Err
}

// Container looks up one container.
func (e *Engine) Container(ctx context.Context, id string) (*Container, error) {
	list, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("id", id)})
	if err != nil {
		return nil, fmt.Errorf("look up container %s: %w", id, err)
	}
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("no container %s", id)
	}
	found := newContainer(list.Items[0])
	return &found, nil
}
