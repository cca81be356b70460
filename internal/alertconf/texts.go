package alertconf

import (
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"
)

// The parts of Alertmanager's data and functions that our texts use, with their names.
type data struct {
	Status                                       string
	Alerts                                       alerts
	GroupLabels, CommonLabels, CommonAnnotations map[string]string
}

type alerts struct{ Firing, Resolved []alert }

type alert struct {
	Annotations      map[string]string
	StartsAt, EndsAt time.Time
}

// checkTexts fills in each template that receivers use for alerts that fire and that are over, so that a mistake shows in a preview and not when somebody should be told.
func checkTexts(text string) error {
	page, err := template.New(Templates).Funcs(template.FuncMap{
		"title":        strings.ToUpper,
		"reReplaceAll": func(_, _, text string) string { return text },
	}).Parse(text)
	if err != nil {
		return err
	}
	some := alert{Annotations: map[string]string{"description": "x"}}
	for _, status := range []string{"firing", "resolved"} {
		sample := data{
			Status: status, Alerts: alerts{[]alert{some, some}, []alert{some}}, GroupLabels: map[string]string{"alertname": "X"},
			CommonLabels: map[string]string{"severity": "critical"}, CommonAnnotations: map[string]string{"summary": "x", "runbook_url": "x"},
		}
		for _, name := range used {
			if page.Lookup(name) == nil {
				return fmt.Errorf("the template %q is used and not defined", name)
			}
			if err := page.ExecuteTemplate(io.Discard, name, sample); err != nil {
				return err
			}
		}
	}
	return nil
}

// used are the templates that receivers name.
var used = []string{"platform.severity", "platform.color", "platform.runbook", "platform.subject", "platform.text", "platform.slack", "platform.html"}
