# `make test` is the whole suite. It sets up what it needs, and says so first.

export CGO_ENABLED ?= 0
export GOFLAGS := -buildvcs=false $(GOFLAGS)

GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
TEMPL_VERSION := v0.3.977
TOOLS := $(CURDIR)/.tools

# The tests run with the race detector, which needs cgo, and share one server.
# It watches what shares memory: SQLite, which modernc.org translates from C and which guards its
# own memory, and the hash of passwords cost twice as much when they are watched too.
UNWATCHED := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false -gcflags=golang.org/x/crypto/argon2=-race=false
WITH_POSTGRES := . ./test/environment && CGO_ENABLED=1 go run ./internal/testkit/cmd/withpostgres --

.PHONY: build
build: ## the binary ./postrider
	go build -trimpath -o postrider ./cmd/postrider

# With the race detector collecting garbage takes a fifth of the time; there is
# enough memory for less of it. What takes longest begins first.
.PHONY: test
test: setup verify lint ## everything: lint, unit, both databases, browser, end to end
	export GOGC=400 && $(WITH_POSTGRES) go test -race $(UNWATCHED) -timeout 14m ./test ./internal/web/dashboard ./internal/store ./...

.PHONY: setup
setup: ## installs what the tests need, as root on Debian; lists it elsewhere
	./test/setup

.PHONY: soak
soak: setup ## the long version of the tests that kill processes, of those that tell stories, and of those that look at every page
	export POSTRIDER_TEST_SOAK=1 && $(WITH_POSTGRES) go test -race $(UNWATCHED) -timeout 60m -count=1 ./test/... ./internal/engine ./internal/store ./internal/web/dashboard

.PHONY: update
update: ## rewrites the golden files
	go test ./internal/chat ./internal/provider/render ./internal/conformance ./internal/web/mailbox ./internal/web/dashboard -update

.PHONY: generate
generate: $(TOOLS)/templ-$(TEMPL_VERSION) ## writes the Go files that are made from templates
	$< generate -path internal -log-level warn

.PHONY: verify
verify: generate ## fails if a generated file is not what its source makes
	git diff --exit-code -- '*_templ.go'

$(TOOLS)/templ-$(TEMPL_VERSION):
	GOBIN=$(TOOLS) go install github.com/a-h/templ/cmd/templ@$(TEMPL_VERSION)
	mv $(TOOLS)/templ $@

.PHONY: fuzz
fuzz: ## a minute for each fuzz target
	./test/fuzz

.PHONY: lint
lint: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
	$< run

$(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

.PHONY: vuln
vuln: ## known vulnerabilities, where the database of them can be reached
	./test/vuln $(GOVULNCHECK_VERSION) $(TOOLS)

.PHONY: bench
bench: ## measures, and writes docs/benchmarks.md
	go run ./bench run

.PHONY: bench-pages
bench-pages: ## measures the pages of the dashboard over a million deliveries
	go test ./internal/web/dashboard -run '^$$' -bench BenchmarkPages -benchtime 20x -pages-table $(CURDIR)/pages.md

.PHONY: docs-pictures
docs-pictures: ## takes the pictures of docs/dashboard.md
	go test ./internal/web/dashboard -run TestPicturesOfDocs -count 1 -pictures $(CURDIR)/docs

.PHONY: help
help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 16
