package monitoring

import (
	_ "embed"
	"fmt"

	"prefect-platform/components/database"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/promconf"
	"prefect-platform/internal/sqlexporter"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Where the exporter of the host's figures finds the reports of the backup, and of what asks for certificates.
const (
	reportsDir      = "/reports"
	certificatesDir = "/certificates"
)

// EdgeLogPort is where the edge's log arrives, UDP.
const EdgeLogPort = 5140

// Programs of our own.
var (
	//go:embed files/edge_exporter.py
	edgeExporter string
	//go:embed files/sql_exporter.py
	sqlExporter string
)

// exporter is what all exporters have: one port on the monitoring network, which answers.
func (a Args) exporter(at catalogue.Endpoint, image string, memoryMiB int, more ...workload.Network) workload.Spec {
	return workload.Spec{
		Role:      at.Host,
		Image:     image,
		User:      nobody,
		Networks:  append([]workload.Network{{Name: a.Networks.Mon, Aliases: []string{at.Host}}}, more...),
		Health:    answers(at, "/"),
		MemoryMiB: memoryMiB,
		Order:     workload.StopFirst,
	}
}

// postgresExporter reads the server's own figures. Host, user and password are given apart: as one URL a password with a comma would break it.
func (a Args) postgresExporter() workload.Spec {
	const password = "password"
	s := a.exporter(catalogue.PostgresExporter, a.Images.PostgresExporter, 48, workload.Network{Name: a.Networks.DB})
	s.Command = []string{
		"--web.listen-address=0.0.0.0:" + fmt.Sprint(catalogue.PostgresExporter.Port),
		logFormat,
		"--collector.long_running_transactions", "--collector.database_wraparound", "--collector.postmaster", "--collector.stat_checkpointer",
	}
	s.Env = map[string]string{
		"DATA_SOURCE_URI":       fmt.Sprintf("%s:%d/%s?sslmode=disable&application_name=postgres-exporter", database.Host, database.Port, postgresconf.Database),
		"DATA_SOURCE_USER":      postgresconf.RoleServerFigures,
		"DATA_SOURCE_PASS_FILE": workload.FilesDir + "/" + password,
	}
	s.Files = map[string]workload.File{password: workload.SecretText(a.Secrets.PostgresExporter)}
	return s
}

// sqlExporter reads what only Prefect's tables say.
func (a Args) sqlExporter(queries string) workload.Spec {
	const password = "password"
	s := a.exporter(catalogue.SQLExporter, a.Images.Prefect, 80, workload.Network{Name: a.Networks.DB})
	inPython(&s, catalogue.SQLExporter, "sql_exporter.py", sqlExporter,
		"--queries", workload.FilesDir+"/"+sqlexporter.QueriesFile, "--password-file", workload.FilesDir+"/"+password, "--host", database.Host, "--port", fmt.Sprint(database.Port),
		"--database", postgresconf.Database, "--user", postgresconf.RolePrefectFigures, "--metrics", fmt.Sprint(catalogue.SQLExporter.Port),
	)
	s.Files[sqlexporter.QueriesFile] = workload.Text(queries)
	s.Files[password] = workload.SecretText(a.Secrets.SQLExporter)
	return s
}

// nodeExporter sees the host's processors and memory, because containers do, and the file system on which Docker keeps everything, because a volume of it is mounted
// here. So it needs nothing of the host: no folder, no namespace, no privilege.
func (a Args) nodeExporter() workload.Spec {
	s := a.exporter(catalogue.NodeExporter, a.Images.NodeExporter, 32)
	s.Command = []string{
		"--web.listen-address=0.0.0.0:" + fmt.Sprint(catalogue.NodeExporter.Port),
		logFormat,
		"--collector.filesystem.mount-points-include=^" + workload.FilesDir + "$",
		"--no-collector.netdev", "--no-collector.netclass", "--no-collector.netstat", "--no-collector.sockstat", "--no-collector.softnet", "--no-collector.udp_queues", // of the container
	}
	for _, from := range []struct {
		volume *workload.Volume
		at     string
	}{{a.Reports, reportsDir}, {a.Certificates, certificatesDir}} {
		if from.volume != nil {
			s.Command = append(s.Command, "--collector.textfile.directory="+from.at)
			s.Mounts = append(s.Mounts, workload.Mount{Volume: from.volume.Name, Path: from.at, ReadOnly: true})
		}
	}
	return s
}

// blackboxExporter asks for pages as a client would.
func (a Args) blackboxExporter(modules string) workload.Spec {
	s := a.exporter(catalogue.BlackboxExporter, a.Images.BlackboxExporter, 32)
	s.Command = []string{
		"--config.file=" + workload.FilesDir + "/" + promconf.Blackbox,
		"--web.listen-address=0.0.0.0:" + fmt.Sprint(catalogue.BlackboxExporter.Port),
		logFormat,
	}
	s.Files = map[string]workload.File{
		promconf.Blackbox:      workload.Text(modules),
		catalogue.PasswordFile: workload.SecretText(a.Secrets.API),
	}
	if a.CACertificate != nil {
		s.Files[catalogue.AuthorityFile] = workload.File{Content: a.CACertificate, Mode: workload.Public}
	}
	return s
}

// edgeExporter counts what the edge tells it of each request. It has a fixed address, which the edge can know without asking for it.
func (a Args) edgeExporter() workload.Spec {
	s := a.exporter(catalogue.EdgeExporter, a.Images.Prefect, 64)
	inPython(&s, catalogue.EdgeExporter, "edge_exporter.py", edgeExporter,
		"--log", fmt.Sprint(a.Exporter.Port()), "--metrics", fmt.Sprint(catalogue.EdgeExporter.Port),
		"--status", fmt.Sprintf("http://%s:%d/stub_status", tokens.HostEdge, nginxconf.StatusPort),
	)
	s.Networks[0].Address = a.Exporter.Addr()
	return s
}

// inPython makes a workload one of our own programs, which run in Prefect's image because that is there anyway and has what they need.
func inPython(s *workload.Spec, at catalogue.Endpoint, name, program string, arguments ...string) {
	s.User = "1001:1001"
	s.Entrypoint = []string{"python", workload.FilesDir + "/" + name}
	s.Command = arguments
	s.Files = map[string]workload.File{name: workload.Text(program)}
	// This page is empty; every other one is the metrics, with all that it takes to read them (prometheus_client, exposition.py).
	alive := fmt.Sprintf("import urllib.request; urllib.request.urlopen('http://127.0.0.1:%d/favicon.ico', timeout=4)", at.Port)
	s.Health = workload.Health{Command: []string{"python", "-S", "-E", "-c", alive}, Interval: seldom}
}

// exempt are the workloads that nobody asks for metrics: what they do is seen in Prefect's tables, in the answers of the API and in reports.
func (a Args) exempt() []string {
	all := []string{"redis", "services"}
	if a.Reports != nil {
		all = append(all, tokens.BackupReceiver, tokens.BackupCopier, tokens.BackupStore, tokens.BackupDrill, tokens.BackupBoot)
	}
	if a.Certificates != nil {
		all = append(all, tokens.HostACME)
	}
	return all
}

// scraped are the workloads that are asked for metrics, themselves or through an exporter or a probe.
func (a Args) scraped() []string {
	all := []string{tokens.HostDatabase, "api", tokens.HostEdge}
	for _, at := range []catalogue.Endpoint{
		catalogue.Prometheus, catalogue.Alertmanager, catalogue.PostgresExporter, catalogue.SQLExporter, catalogue.NodeExporter, catalogue.BlackboxExporter, catalogue.EdgeExporter,
	} {
		all = append(all, at.Host)
	}
	if a.Options.Grafana.Enabled {
		all = append(all, catalogue.Grafana.Host)
	}
	if a.Options.Logs.Enabled {
		all = append(all, catalogue.Loki.Host, catalogue.LogCollector.Host)
	}
	for _, group := range a.Workers {
		all = append(all, group.Role())
	}
	return all
}
