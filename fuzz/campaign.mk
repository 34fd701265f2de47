# Campaigns, coverage and planted defects: fuzz/README.md; included by the Makefile.

TIME ?= 1h
JOBS ?= 2
DIR  ?= $(FUZZ_OUT)/campaign

FUZZ_CAMPAIGN := fuzz/campaign/fuzz-campaign --build $(FUZZ_OUT)

.PHONY: fuzz-campaign fuzz-report fuzz-coverage
fuzz-campaign:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory fuzz-dictionaries fuzz-build-libfuzzer fuzz-build-afl fuzz-build-coverage
	@$(FUZZ_CAMPAIGN) run --time $(TIME) --jobs $(JOBS) $(DIR)

# The report of a campaign as it stands, while it runs or afterwards.
fuzz-report:
	@$(FUZZ_CAMPAIGN) report $(DIR)

fuzz-coverage:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory fuzz-build-libfuzzer fuzz-build-coverage
	@$(FUZZ_CAMPAIGN) coverage $(FUZZ_OUT)/coverage-report

# Adopted inputs that reach nothing of their own are taken away; MINIMISE="json host": of these alone.
.PHONY: fuzz-minimise
fuzz-minimise:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory fuzz-build-libfuzzer fuzz-build-coverage
	@$(FUZZ_CAMPAIGN) minimise $(MINIMISE)

# How many inputs a second of CPU time takes: JSON.  SPEED=host,plugin: of these alone.
SPEED ?= $(subst $() ,$(comma),$(FUZZ_NAMES))
.PHONY: fuzz-speed
fuzz-speed:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory $(foreach n,$(subst $(comma), ,$(SPEED)),$(FUZZ_OUT)/asan/$(n) $(FUZZ_OUT)/libfuzzer/$(n) $(FUZZ_OUT)/dict/$(n).dict) >&2
	@fuzz/speed --build $(FUZZ_OUT) --seconds $(or $(SECONDS_EACH),5) $(subst $(comma), ,$(SPEED))

# Each defect of fuzz/planted must be found; PLANTED="fuzz/planted/a.patch ..." looks for some.
.PHONY: fuzz-selftest
fuzz-selftest:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory fuzz-dictionaries fuzz-build-libfuzzer $(FUZZ_PLANTED_MSAN)
	@MAKE='$(MAKE)' fuzz/campaign/fuzz-selftest --build $(BUILD) $(PLANTED)

# Those that only the memory sanitizer sees.
FUZZ_PLANTED_MSAN := $(if $(shell grep -l '^Flavour: msan' fuzz/planted/*.patch 2>/dev/null),fuzz-build-msan)

# ---- an engine of somebody else's: integrations/oss-fuzz/build.sh -----------------------

.PHONY: fuzz-names
fuzz-names:
	@echo $(FUZZ_NAMES)

# Whoever brings an engine brings the compiler, its flags and the linker as well.
ifdef FUZZ_ENGINE_LIB
FUZZ_CC_engine      = $(FUZZ_ENGINE_CC)
FUZZ_CFLAGS_engine  = -DFUZZ_ENGINE -DMETER_SLOW=20 $(FUZZ_ENGINE_CFLAGS)
FUZZ_LD_engine      = $(FUZZ_ENGINE_CXX)
FUZZ_LDFLAGS_engine = $(FUZZ_ENGINE_CXXFLAGS) $(FUZZ_ENGINE_LIB)
ifneq ($(FUZZ_ENGINE_KIND),libfuzzer)
FUZZ_UNMUTATED += engine
endif
$(eval $(call fuzz_flavour,engine))
$(FUZZ_OUT)/engine/obj/fuzz/mutate_json.o: $(FUZZ_OUT)/gen/words_json.inc
endif
