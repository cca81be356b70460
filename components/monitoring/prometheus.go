package monitoring

import (
	"fmt"
	"time"

	"prefect-platform/internal/alertconf"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/promconf"
	"prefect-platform/internal/workload"
)

const (
	nobody           = "65534:65534" // in the images of the Prometheus project
	prometheusData   = "/prometheus"
	alertmanagerData = "/alertmanager"
	seldom           = 30 * time.Second    // between health checks: each starts a process, ten containers of which would take some percent of two processors
	lookback         = 5 * time.Minute     // for which the last sample counts, Prometheus' default
	resend           = time.Minute         // after which Alertmanager is told of an alert again; it believes in it for four of these. Prometheus' default
	logFormat        = "--log.format=json" // of all programs of the Prometheus project
)

// prometheus has neither the endpoints that stop it nor those that delete: a change of its files makes it anew, with what it has collected.
func (a Args) prometheus(files map[string]string) workload.Spec {
	all := map[string]workload.File{catalogue.PasswordFile: workload.SecretText(a.Secrets.API)}
	for name, text := range files {
		all[name] = workload.Text(text)
	}
	return workload.Spec{
		Role:  catalogue.Prometheus.Host,
		Image: a.Images.Prometheus,
		User:  nobody,
		Command: []string{ // replaces the image's, so what is in that is here too
			"--config.file=" + workload.FilesDir + "/" + promconf.Config,
			"--storage.tsdb.path=" + prometheusData,
			"--query.lookback-delta=" + catalogue.Duration(a.Settings.Pace(lookback)),
			"--rules.alert.resend-delay=" + catalogue.Duration(max(a.Settings.Pace(resend), 5*time.Second)),
			"--web.listen-address=0.0.0.0:" + fmt.Sprint(catalogue.Prometheus.Port),
			logFormat,
		},
		Files:     all,
		Networks:  []workload.Network{{Name: a.Networks.Mon, Aliases: []string{catalogue.Prometheus.Host}}},
		Health:    answers(catalogue.Prometheus, "/-/ready"),
		MemoryMiB: a.Options.MemoryMiB,
		Grace:     time.Minute, // it writes what it holds in memory
		Order:     workload.StopFirst,
	}
}

// alertmanager is alone: a cluster of one would only open a port.
func (a Args) alertmanager(config string) workload.Spec {
	files := a.receiverFiles()
	files[alertconf.Config], files[alertconf.Templates] = workload.Text(config), workload.Text(alertconf.Texts)
	return workload.Spec{
		Role:  catalogue.Alertmanager.Host,
		Image: a.Images.Alertmanager,
		User:  nobody,
		Command: []string{
			"--config.file=" + workload.FilesDir + "/" + alertconf.Config,
			"--storage.path=" + alertmanagerData,
			"--web.listen-address=0.0.0.0:" + fmt.Sprint(catalogue.Alertmanager.Port),
			"--cluster.listen-address=",
			logFormat,
		},
		Files:     files,
		Networks:  []workload.Network{{Name: a.Networks.Mon, Aliases: []string{catalogue.Alertmanager.Host}}, {Name: a.Networks.Egress}},
		Health:    answers(catalogue.Alertmanager, "/-/ready"),
		MemoryMiB: 64,
		Order:     workload.StopFirst,
	}
}

// answers is the health check of what runs in an image with busybox: it wants an answer of 200.
func answers(at catalogue.Endpoint, path string) workload.Health {
	return workload.Health{Command: []string{"wget", "-q", "-O", "/dev/null", fmt.Sprintf("http://127.0.0.1:%d%s", at.Port, path)}, Interval: seldom}
}
