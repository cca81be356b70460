// Package monitoring tests the catalogue.
package monitoring

import (
	_ "github.com/prometheus/alertmanager/config"
	_ "github.com/prometheus/alertmanager/dispatch"
	_ "github.com/prometheus/alertmanager/template"
	_ "github.com/prometheus/prometheus/config"
	_ "prefect-platform/internal/catalogue"
)
