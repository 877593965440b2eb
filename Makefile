# Every target is one line; what it does is in .ci, which a build server runs
# as it is.
.DEFAULT_GOAL := help
CHECKS := setup fmt vet tidy lint test race fuzz examples bench cross nested units packages vuln cover

.PHONY: help build serve release check fuzz-long corpus kill-long linearizability mutants model-long soak $(CHECKS)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
	@for c in $(CHECKS); do printf '%s\t%s\n' $$c "$$(sed -n '2s/^# *//p' .ci/$$c)"; done | expand -t 12

build: ## Build the gibson command into dist
	go build -o dist/gibson ./cmd/gibson

serve: ## Run a server in the foreground
	go run ./cmd/gibson serve

release: ## Build archives, deb and rpm for all systems, with checksums, into dist/release
	rm -rf dist/release
	packaging/build

check: ## Run every check below, as the build server does
	.ci/run

fuzz-long: ## Fuzz each target for FUZZCPU of processor time, 60m unless set (14 hours in all)
	.ci/fuzz-long

corpus: ## Keep the inputs that fuzzing on this machine found: they go to testdata/fuzz
	.ci/corpus

kill-long: ## Kill 200 servers while they write a snapshot, and look at what the next one loads (5 minutes)
	GIBSON_TEST_KILLS=200 go test -count=1 -v -run SurvivesKill ./cmd/gibson

linearizability: ## Judge 2,000 histories of 8 clients each at a server and at a cache (2 minutes)
	GIBSON_HISTORIES=2000 go test -count=1 -timeout 0 -v -run '^(TestServer|TestEmbedded)$$' ./integration/linear

mutants: ## Break the code in 39 places, one at a time, and say which test notices (about 15 minutes)
	go run ./integration/mutants

model-long: ## Compare 100 million commands with the model, 5 million of a server (25 minutes on 2 cores)
	.ci/model-long

soak: ## Load a server for SOAK, 30m unless set, watch it and judge; soak-out has the plot
	go run ./integration/soak -for $(or $(SOAK),30m)

$(CHECKS):
	.ci/$@
