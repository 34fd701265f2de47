# Tests, demo, bench and static analysis; included by the Makefile.

HELPERS := $(patsubst tests/system/helpers/%.c,$(BUILD)/helpers/%,$(wildcard tests/system/helpers/*.c)) \
           $(patsubst tests/bench/%.c,$(BUILD)/helpers/%,$(wildcard tests/bench/*.c))

SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

export QUIESCE_BUILD := $(abspath $(BUILD))
export QUIESCE_BASE_UID := $(BASE_UID)

helper = @mkdir -p $(@D) && echo '$(CC) -o $@ $<' && \
	$(CC) -std=c17 -D_GNU_SOURCE $(OPTIMIZE) $(WARNINGS) -o $@ $<

# Speaks the roles' own messages.
$(BUILD)/helpers/messages: tests/system/helpers/messages.c $(BUILD)/libbase.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(OPTIMIZE) $(WARNINGS) -o $@ $^
$(BUILD)/helpers/%: tests/system/helpers/%.c
	$(helper)
$(BUILD)/helpers/%: tests/bench/%.c
	$(helper)

.PHONY: helpers demo check bench lint sanitize
helpers: $(HELPERS)

# The first and only command after cloning: what is missing is installed first,
# and only then does a second make look at the compiler.
demo:
	tools/deps install demo
	@$(MAKE) --no-print-directory -j$$(nproc) all helpers
	@tests/demo/demo

check:
	tools/deps install check
	@MAKE='$(MAKE)' tests/run

bench:
	tools/deps install bench
	@$(MAKE) --no-print-directory -j$$(nproc) all helpers
	@tests/bench/bench

# Everything that runs unprivileged, and the unit tests of all of it, with the
# address and undefined-behaviour sanitizers.  The trusted programs are static
# and run under filters of their own; their libraries are built here as well,
# for their unit tests.
sanitize:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE='$(SANITIZERS)' OPTIMIZE='-O1 -g' unit

lint: $(GENERATED)
	@mkdir -p $(BUILD)/lint
	@printf '%s\n' $(CPPFLAGS) > $(BUILD)/lint/flags
	@CC='$(CC)' tools/lint $(BUILD)/lint/flags
