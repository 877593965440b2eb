# Every target is one line; what it does is in .ci, which a build server runs
# as it is.
.DEFAULT_GOAL := help
CHECKS := setup fmt vet tidy lint test race fuzz examples bench cross nested

.PHONY: help build serve check $(CHECKS)

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
	@for c in $(CHECKS); do printf '%s\t%s\n' $$c "$$(sed -n '2s/^# *//p' .ci/$$c)"; done | expand -t 12

build: ## Build the gibson command into dist
	go build -o dist/gibson ./cmd/gibson

serve: ## Run a server in the foreground
	go run ./cmd/gibson serve

check: ## Run every check below, as the build server does
	.ci/run

$(CHECKS):
	.ci/$@
