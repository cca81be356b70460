module prefect-platform/lab

go 1.26

require (
	go.yaml.in/yaml/v3 v3.0.4
	golang.org/x/sync v0.22.0
)
