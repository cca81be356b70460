package report

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limit is the most bytes that a report has: GitHub refuses comments of more than 65,536 characters, and GitLab cuts at a megabyte.
const Limit = 60_000

// long is how many items a list may have before it is folded away.
const long = 8

// page collects lines.
type page struct {
	hidden *strings.Replacer
	lines  []string
}

func (p *page) line(format string, args ...any) {
	text := p.hidden.Replace(fmt.Sprintf(format, args...))
	p.lines = append(p.lines, strings.Split(text, "\n")...)
}

// list writes a heading and an item for each text; nothing when there is none. The texts are Markdown.
func (p *page) list(heading string, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.line("%s", heading)
	p.items(texts)
	p.line("")
}

func (p *page) items(texts []string) {
	for _, text := range texts {
		p.line("- %s", text)
	}
}

// folded writes a list that opens when somebody wants to see it.
func (p *page) folded(summary string, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.line(detailsOpen+"<summary>%s</summary>", summary)
	p.line("")
	p.items(texts)
	p.line("")
	p.line(detailsClose)
	p.line("")
}

const (
	detailsOpen  = "<details>"
	detailsClose = "</details>"
)

// bounded joins the lines. What is too long ends at a whole line, with everything closed, and says so.
func (p *page) bounded() string {
	whole := strings.TrimRight(strings.Join(p.lines, "\n"), "\n") + "\n"
	if len(whole) <= Limit {
		return whole
	}
	const room = 200 // for the words that follow
	var kept strings.Builder
	open := 0
	for i, line := range p.lines {
		if kept.Len()+len(line)+1+room > Limit {
			kept.WriteString(strings.Repeat("\n"+detailsClose+"\n", open))
			_, _ = fmt.Fprintf(&kept, "\n**%d lines more do not fit here**; `platform preview` shows all of it.\n", len(p.lines)-i)
			break
		}
		open += strings.Count(line, detailsOpen) - strings.Count(line, detailsClose)
		kept.WriteString(line + "\n")
	}
	return kept.String()
}

// code is a text as inline code, in which neither Markdown nor HTML nor a name with @ means anything, on one line and not too long.
func code(text string) string {
	const most = 2000 // bytes
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if len(text) > most {
		cut := most
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + " …"
	}
	if text == "" {
		return "(nothing)"
	}
	// A "-->" could end the mark of another comment where Markdown is not rendered.
	text = strings.NewReplacer("<!--", "<! --", "-->", "-- >").Replace(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}

// newHidden takes out secrets, in the spellings that a message may have them in. A secret of fewer than four bytes could be any word, and is protected by never being
// shown: values are not part of a report.
func newHidden(secrets []string) *strings.Replacer {
	const least = 4
	var all []string
	for _, secret := range secrets {
		var value any
		if json.Unmarshal([]byte(secret), &value) == nil { // an object or list that is encrypted as a whole, or in one place
			secrets = append(secrets, leaves(value)...)
		}
	}
	for _, secret := range secrets {
		for _, part := range append(strings.Split(secret, "\n"), secret, strings.Join(strings.Fields(secret), " ")) {
			part = strings.TrimSpace(part)
			quoted := strconv.Quote(part)
			encoded, _ := json.Marshal(part) // of a text, never an error
			all = append(all, part, quoted[1:len(quoted)-1], string(encoded[1:len(encoded)-1]), url.QueryEscape(part), url.PathEscape(part), url.UserPassword("", part).String()[1:])
		}
	}
	all = slices.DeleteFunc(all, func(text string) bool { return len(text) < least || strings.HasPrefix(text, "-----") })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the longest first: one secret may be part of another
	var pairs []string
	for _, each := range slices.Compact(all) {
		pairs = append(pairs, each, "[secret]")
	}
	return strings.NewReplacer(pairs...)
}

// leaves are the texts in a JSON value.
func leaves(value any) []string {
	var all []string
	switch value := value.(type) {
	case string:
		all = append(all, value)
	case []any:
		for _, each := range value {
			all = append(all, leaves(each)...)
		}
	case map[string]any:
		for _, each := range value {
			all = append(all, leaves(each)...)
		}
	}
	return all
}
