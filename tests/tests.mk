# Tests, demo, bench and static analysis; included by the Makefile.

comma := ,

HELPERS := $(patsubst tests/system/helpers/%.c,$(BUILD)/helpers/%,$(wildcard tests/system/helpers/*.c)) \
           $(patsubst tests/bench/%.c,$(BUILD)/helpers/%,$(wildcard tests/bench/*.c)) \
           $(BUILD)/helpers/campaign-driver $(BUILD)/helpers/campaign-actor

SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

export QUIESCE_BUILD := $(abspath $(BUILD))
export QUIESCE_BASE_UID := $(BASE_UID)

helper = @mkdir -p $(@D) && echo '$(CC) -o $@ $<' && \
	$(CC) -std=c17 -D_GNU_SOURCE $(OPTIMIZE) $(WARNINGS) -o $@ $<

$(BUILD)/helpers/%: tests/system/helpers/%.c
	$(helper)
$(BUILD)/helpers/rootload: OPTIMIZE += -static
$(BUILD)/helpers/%: tests/bench/%.c
	$(helper)

# The kill campaign: tests/campaign/README.md.
CAMPAIGN := $(filter-out %/actor.c,$(wildcard tests/campaign/*.c))
$(BUILD)/helpers/campaign-driver: $(CAMPAIGN) tests/campaign/campaign.h tests/campaign/sight.h $(wildcard include/quiesce/*.h)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(OPTIMIZE) $(WARNINGS) -o $@ $(CAMPAIGN)
$(BUILD)/helpers/campaign-actor: tests/campaign/actor.c tests/campaign/load.c tests/campaign/campaign.h
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(OPTIMIZE) $(WARNINGS) -static -o $@ $(filter %.c,$^)

# The front as SESSION_GROUP builds it: the two files that know the group, before the library.
GROUPED := held held_door
# (With the ordinary object, which knows its headers.)
$(BUILD)/grouped/%.o: src/front/%.c $(BUILD)/obj/front/%.o
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) -UQUIESCE_SESSION_GROUP -DQUIESCE_SESSION_GROUP='"operator"' $(CFLAGS) -c $< -o $@
$(BUILD)/helpers/quiesce-grouped: $(BUILD)/obj/front/main.o $(GROUPED:%=$(BUILD)/grouped/%.o) $(BUILD)/libfront.a $(BUILD)/libbase.a
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_front)
HELPERS += $(BUILD)/helpers/quiesce-grouped

# ---- the attack suite: tests/attacks/README.md ------------------------------------

# What an attacker runs: static, so that it runs wherever it gets to.
ATTACK_PROGRAMS := $(patsubst tests/attacks/programs/%.c,$(BUILD)/attacks/%,$(wildcard tests/attacks/programs/*.c))
$(BUILD)/attacks/%: tests/attacks/programs/%.c $(wildcard tests/attacks/programs/*.h)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) -std=c17 -D_GNU_SOURCE -DQUIESCE_BASE_UID=$(BASE_UID)u $(OPTIMIZE) $(WARNINGS) -static -o $@ $<

# Who speaks the roles' own messages.
PEERS := $(patsubst %,$(BUILD)/attacks/%,messages sequences)
$(PEERS): $(BUILD)/attacks/%: tests/attacks/peers/%.c tests/attacks/peers/peer.c tests/attacks/peers/peer.h $(BUILD)/libbase.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(OPTIMIZE) $(WARNINGS) -o $@ $(filter-out %.h,$^)

# The programs that can be run with a defence taken out: their own objects, and
# before each function that a file of weaken/ names with WRAP, what stands there.
# What a program does not use of weaken/ is left out of it again (--gc-sections).
WEAKEN  := $(wildcard tests/attacks/weaken/*.c)
WEAKENED := $(BUILD)/weakened/quiesce $(ROLES:%=$(BUILD)/weakened/quiesce-%)
WEAKEN_LDFLAGS := -Wl,--gc-sections $(patsubst %,-Wl$(comma)--wrap=%,$(shell sed -n 's/^WRAP(\([a-z0-9_]*\));$$/\1/p' $(WEAKEN) | sort -u))

$(BUILD)/weakened/obj/%.o: tests/attacks/weaken/%.c tests/attacks/weaken/weaken.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -ffunction-sections -fdata-sections -MMD -MP -c $< -o $@
$(BUILD)/weakened/trusted/%.o: tests/attacks/weaken/%.c tests/attacks/weaken/weaken.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(TRUSTED_CC) $(TRUSTED_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -ffunction-sections -fdata-sections -MMD -MP -c $< -o $@

# What runs in a role that has been taken over (tests/attacks/hijack/hijack.h): files
# that begin with a role's name in that role, the others in both.
HIJACKED := parser supervisor
hijack    = $(filter-out $(patsubst %,tests/attacks/hijack/%%,$(filter-out $(1),$(HIJACKED))),$(wildcard tests/attacks/hijack/*.c))
hijack_ldflags = $(patsubst %,-Wl$(comma)--wrap=%,$(shell sed -n 's/^WRAP(\([a-z0-9_]*\));$$/\1/p' $(1)))
$(BUILD)/weakened/hijack/%.o: tests/attacks/hijack/%.c $(wildcard tests/attacks/hijack/*.h include/quiesce/*.h) tests/attacks/weaken/weaken.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) -Itests/attacks/weaken $(CFLAGS) -MMD -MP -c $< -o $@

define weakened
$(BUILD)/weakened/$(2): $(BUILD)/obj/$(1)/main.o $(WEAKEN:tests/attacks/weaken/%.c=$(BUILD)/weakened/obj/%.o) \
  $(patsubst tests/attacks/hijack/%.c,$(BUILD)/weakened/hijack/%.o,$(3)) $(BUILD)/lib$(1).a $(BUILD)/libbase.a
	$$(call say,LINK)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(WEAKEN_LDFLAGS) $(call hijack_ldflags,/dev/null $(3)) -o $$@ $$^ $$(LIBS_$(1))
endef
define weakened_trusted
$(BUILD)/weakened/quiesce-$(1): $(patsubst src/%.c,$(BUILD)/trusted/%.o,$(call sources,$(1)) $(2)) \
  $(WEAKEN:tests/attacks/weaken/%.c=$(BUILD)/weakened/trusted/%.o) $(BUILD)/trusted/libbase.a
	$$(call say,LINK)$$(TRUSTED_CC) $$(CFLAGS) $$(TRUSTED_LDFLAGS) $$(WEAKEN_LDFLAGS) -o $$@ $$(TRUSTED_BEGIN) $$^ $$(TRUSTED_END)
endef
$(eval $(call weakened,front,quiesce))
$(foreach r,$(HIJACKED),$(eval $(call weakened,$(r),quiesce-$(r),$(call hijack,$(r)))))
$(foreach r,$(filter-out launcher,$(TRUSTED)),$(eval $(call weakened_trusted,$(r),)))
$(eval $(call weakened_trusted,launcher,$(call sources,keeper)))

.PHONY: helpers attacks demo check bench lint sanitize
helpers: $(HELPERS)
attacks: helpers $(ATTACK_PROGRAMS) $(PEERS) $(WEAKENED)

# More of what tests/attacks/41 and 42 do at random; SEED=N begins elsewhere.
.PHONY: campaign-hijack
TRIALS ?= 1000
campaign-hijack: all attacks
	@for kind in plans messages reports; do \
	  tests/lib/isolate tests/attacks/campaign $$kind $(TRIALS) $(SEED) || exit 1; \
	done

# Kills, stops, starves and breaks at random: tests/campaign/README.md.  Goes on where it stopped.
# Of 200 and more every kind has to come up.
.PHONY: campaign-kill
campaign-kill: TRIALS = 10000
campaign-kill: SEED = 1
campaign-kill: DIR = $(BUILD)/campaign-$(SEED)
campaign-kill: all helpers
	@tests/campaign/campaign --trials $(TRIALS) --seed $(SEED) $(if $(shell test $(TRIALS) -lt 200 || echo all),--cover) $(DIR)

# The first and only command after cloning: what is missing is installed first,
# and only then does a second make look at the compiler.
demo:
	tools/deps install demo
	@$(MAKE) --no-print-directory -j$$(nproc) all helpers
	@tests/demo/demo

check:
	tools/deps install check
	tools/deps install fuzz
	@MAKE='$(MAKE)' tests/run

bench:
	tools/deps install bench
	@$(MAKE) --no-print-directory -j$$(nproc) all helpers
	@tests/bench/bench

.PHONY: bench-freeze
bench-freeze:
	tools/deps install bench
	@$(MAKE) --no-print-directory -j$$(nproc) all helpers
	@tests/bench/freeze

# Everything that runs unprivileged, and the unit tests of all of it, with the
# address and undefined-behaviour sanitizers.  The trusted programs are static
# and run under filters of their own; their libraries are built here as well,
# for their unit tests.  Not hardened: what _FORTIFY_SOURCE checks is checked better here.
sanitize:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE='$(SANITIZERS)' OPTIMIZE='-O1 -g1' HARDENING= unit

lint: $(GENERATED) $(BUILD)/quiesce $(BUILD)/quiesce-policy
	@mkdir -p $(BUILD)/lint
	@printf '%s\n' $(CPPFLAGS) > $(BUILD)/lint/flags
	@$(BUILD)/quiesce policy lint policy/hooks/*.json
	@CC='$(CC)' tools/lint $(BUILD)/lint/flags
