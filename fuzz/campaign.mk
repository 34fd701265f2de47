# Campaigns, coverage and planted defects: fuzz/README.md; included by the Makefile.

TIME ?= 1h
JOBS ?= 2
DIR  ?= $(FUZZ_OUT)/campaign

FUZZ_CAMPAIGN := fuzz/campaign/fuzz-campaign --build $(FUZZ_OUT)

.PHONY: fuzz-campaign fuzz-report fuzz-coverage
fuzz-campaign: fuzz-deps
	@$(MAKE) --no-print-directory fuzz-dictionaries fuzz-build-libfuzzer fuzz-build-afl fuzz-build-coverage
	@$(FUZZ_CAMPAIGN) run --time $(TIME) --jobs $(JOBS) $(DIR)

# The report of a campaign as it stands, while it runs or afterwards.
fuzz-report:
	@$(FUZZ_CAMPAIGN) report $(DIR)

fuzz-coverage: fuzz-deps
	@$(MAKE) --no-print-directory fuzz-build-libfuzzer fuzz-build-coverage
	@$(FUZZ_CAMPAIGN) coverage $(FUZZ_OUT)/coverage-report
