# Every target may be repeated. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
STACK ?= dev
AGAINST ?= auto
export GOFLAGS := -buildvcs=false

MODULES := . $(patsubst %/go.mod,%,$(wildcard lab/go.mod test/e2e/go.mod test/monitoring/go.mod bench/go.mod))
platform = . .lab/env && bin/platform --stack $(STACK)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

up: lab bin/platform bin/policy ## put the stack up, or bring it up to date, and say how to reach it
	@$(platform) up

# A local stack has its state here, and an engine; any other preview needs the command line only.
preview: $(if $(and $(filter-out nothing,$(AGAINST)),$(wildcard .state/.pulumi/stacks/prefect-platform/$(STACK).json)),lab,lab-tools) bin/platform bin/policy ## show what up would do, judged by the policies, and change nothing
	@$(platform) preview --against $(AGAINST) $(if $(REPORT),--report $(REPORT))

deploy: lab-tools bin/platform bin/policy ## what a pipeline runs: up, without questions, on an engine that is elsewhere
	@$(platform) up --yes

drift-report: lab-tools bin/platform ## look for drift and write it to REPORT; fails when there is some
	@. .lab/env && .ci/drift $(STACK) $(REPORT)

publish: ## put REPORT where the reviewers of a change see it (or into an issue of the title ISSUE)
	@go run ./cmd/publish $(if $(ISSUE),--issue "$(ISSUE)") $(REPORT)

ssh-access: ## let a pipeline reach the engine, with the key and host keys that its secrets hold
	@.ci/ssh-access

credentials: bin/platform ## show how to log in
	@$(platform) credentials

doctor: lab bin/platform ## look for what is wrong, and say what to do about it
	@$(platform) doctor

drift: bin/platform ## compare what is recorded with what runs, and change nothing
	@$(platform) drift

logs: bin/platform ## show what the containers wrote
	@$(platform) logs

down: bin/platform ## remove containers and networks; keep data, certificates and credentials
	@$(platform) down

clean: bin/platform ## delete the stack with all its data, after asking
	@$(platform) clean

lab: ## provide Pulumi, a Docker Engine and images where they cannot be reached
	@cd lab && go run ./cmd/lab up

lab-tools: ## provide Pulumi only, where it cannot be reached
	@cd lab && go run ./cmd/lab tools

lab-clean: ## stop the lab's engine and delete all that the lab made
	@cd lab && go run ./cmd/lab clean

bin/platform: FORCE
	@go build -o $@ ./cmd/platform

bin/policy: FORCE
	@go build -o $@ ./policy

test: ## what CI runs: lint, unit and end-to-end tests
	@.ci/test

lint: tools ## formatting and linters
	@.ci/lint $(MODULES)

tools: ## build the linters
	@.ci/tools

fmt: tools ## format
	@bin/gofumpt -w $$(git ls-files '*.go')

unit: ## unit tests of every module
	@for module in $(MODULES); do (cd $$module && go test ./...) || exit 1; done

launchers: .lab/venv/ready ## test the Python programs that run inside the containers
	@for part in prefect monitoring; do \
		(cd components/$$part/files/test && PYTHONPATH=$(CURDIR)/components/prefect/files/test $(CURDIR)/.lab/venv/bin/python -m unittest --verbose) || exit 1; \
	done

launchers-3.7: .lab/venv-3.7/ready ## the same with the minor version of Prefect before
	@cd components/prefect/files/test && $(CURDIR)/.lab/venv-3.7/bin/python -m unittest --verbose

.lab/venv%/ready: lab/images/prefect%/requirements.in
	@python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --requirement $< && touch $@

.lab/venv/ready: lab/images/prefect/requirements.in
	@python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --requirement $< && touch $@

integration: .lab/venv/ready ## tests of single parts on the lab's engine: image contracts, edge
	@cd lab && go run ./cmd/lab image pebble challtestsrv
	@. .lab/env && go test -tags lab -count=1 ./components/proxy ./internal/... && cd lab && go test -tags lab -count=1 ./...

images-contract: lab ## hold the images that the engine has to the contract of the official ones, and fail when they are not official
	@. .lab/env && cd lab && go test -tags lab -count=1 -v ./images && go run ./cmd/lab official

policies: ## preview the program, and each of its mutations, with the real command line and the real policy pack
	@. .lab/env && go test -tags e2e -count=1 -parallel 2 -timeout 45m -run 'Unchanged|Mutation|Program' ./test/policy

E2E ?= .

e2e: ## end-to-end tests on one shared stack
	@. .lab/env && cd test/e2e && go test -tags e2e -count=1 -timeout 70m -v -run '$(E2E)' .

mutations: ## run the tests of the alerts against rules with one fault each, which they must notice
	@cd test/monitoring && go test -tags mutations -count=1 -timeout 30m -v -run Mutants .

drills: mutations launchers-3.7 ## the end-to-end tests in their long versions with a table of what they measured, the attempts to get around the policies, and mutations
	@cd lab && go run ./cmd/lab image loki postgres-17 prefect-3.7 pebble challtestsrv
	@. .lab/env && go test -tags e2e -count=1 -parallel 2 -timeout 45m -run Evasion ./test/policy
	@. .lab/env && cd test/e2e && E2E_FULL=1 go test -tags e2e -count=1 -timeout 6h -v .

bench-smoke: lab ## figures: preview, up, memory, requests per second
	@. .lab/env && cd bench && go run .

docs: ## write the references of configuration and policies anew
	@go generate ./config/... ./policy/...

FORCE:

.PHONY: FORCE help up preview deploy drift-report publish ssh-access images-contract credentials doctor drift logs down clean lab lab-tools lab-clean test lint tools fmt unit launchers launchers-3.7 integration policies e2e mutations drills bench-smoke docs
