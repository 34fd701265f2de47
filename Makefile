# quiesce - application-consistent backup of Linux machines.
#
#   make demo      the main job on real input        make check    every test
#   make           build everything                  make lint     static analysis
#   make deps      install what is missing           make bench    measure beside others
#   make install   PREFIX, DESTDIR, UNITDIR honoured   make clean
#   SESSION_GROUP=NAME   a group that may call "quiesce thaw" and "status"; none otherwise
#   make campaign-hijack TRIALS=N    parser and supervisor taken over, at random
#   make fuzz      every fuzzing harness, in every flavour; make fuzz-smoke: fuzz/README.md
#   make fuzz-campaign TIME=1h JOBS=2   run them all    make fuzz-coverage   what their corpora reach
#   make fuzz-selftest   planted defects must be found   make fuzz-speed   inputs per second
#   make fuzz-minimise   adopted inputs that have become needless are taken away
#   make campaign-kill TRIALS=N      whatever can die, stop or break during a run does, at random
#   make bench-freeze                the longest stall of a writer, beside others
#
# Each program is a folder of src/ and has one main.c; src/base is what they
# share, a library from which each links only what it uses.

PREFIX      ?= /usr/local
DESTDIR     ?=
BASE_UID    ?= 64800
SESSION_GROUP ?=
BUILD       ?= build
# One name for it, however it was said: flags hold it, and what was built with others is built again.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
ifeq ($(origin CC),default)
CC          := gcc
endif
VERSION     := 0.1

LIBEXECDIR  := $(PREFIX)/libexec/quiesce
POLICYDIR   := $(PREFIX)/share/quiesce/policy
UNITDIR     ?= $(PREFIX)/lib/systemd/system

include tools/flags.mk

ROLES       := monitor guardian parser supervisor launcher
PROGRAMS    := $(BUILD)/quiesce $(ROLES:%=$(BUILD)/quiesce-%) $(BUILD)/quiesce-policy $(BUILD)/quiesce-learn
HOOK_POLICIES := $(wildcard policy/hooks/*.json)
COMPILED    := $(HOOK_POLICIES:policy/hooks/%.json=$(BUILD)/policy/%.json.qpol)
POLICIES    := $(HOOK_POLICIES:policy/hooks/%.json=$(BUILD)/policy/%.json) $(COMPILED) \
               $(HOOK_POLICIES:policy/hooks/%.json=$(BUILD)/policy/%.tests)

# What each program links besides the base.
LIBS_front      := -lcjson -Wl,-Bstatic -lmd -Wl,-Bdynamic
LIBS_parser     := -lcjson -Wl,-Bstatic -lseccomp -lmd -Wl,-Bdynamic
LIBS_policy     := $(LIBS_parser)
LIBS_supervisor := -lcjson -Wl,-Bstatic -lmd -Wl,-Bdynamic
TRUSTED         := monitor guardian launcher

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all
all: tools-present $(PROGRAMS) $(POLICIES) $(BUILD)/docs/quiesce.1

quote = '$(subst ','\'',$(strip $(1)))'

# Say what is made; "make V=1" shows the commands.
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$@';)

# ---- compiling -------------------------------------------------------------

sources = $(wildcard src/$(1)/*.c)
objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(filter-out src/$(1)/main.c,$(call sources,$(1))))

GENERATED := $(BUILD)/gen/syscall_names.inc $(ROLES:%=$(BUILD)/gen/filter_%.inc)

# Paths and ids are compiled in: what was built with others is built again.
define FLAGS_NOW
$(CC) $(TRUSTED_CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
endef
.PHONY: always
$(BUILD)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(FLAGS_NOW)) | cmp -s - $@ || printf '%s\n' $(call quote,$(FLAGS_NOW)) > $@

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/base/syscall_names.o: $(BUILD)/gen/syscall_names.inc
$(foreach r,$(ROLES),$(eval $(BUILD)/obj/$(r)/main.o: $(BUILD)/gen/filter_$(r).inc))
$(BUILD)/obj/front/explain.o: $(BUILD)/gen/filter_launcher.inc
$(BUILD)/obj/policy/confine.o: $(BUILD)/gen/filter_parser.inc

$(BUILD)/libbase.a: $(call objects,base)
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

define library
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call say,AR)$$(AR) rcs $$@ $$^
endef
define program
$(BUILD)/$(2): $(BUILD)/obj/$(1)/main.o $(BUILD)/lib$(1).a $(BUILD)/libbase.a
	$$(call say,LINK)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach l,front policy learn $(ROLES) keeper,$(eval $(call library,$(l))))
$(eval $(call program,front,quiesce))
$(foreach r,$(filter-out $(TRUSTED),$(ROLES)),$(eval $(call program,$(r),quiesce-$(r))))

# It compiles policies with the parser's own code.
$(BUILD)/quiesce-policy: $(BUILD)/obj/policy/main.o $(BUILD)/libpolicy.a $(BUILD)/libparser.a $(BUILD)/libbase.a
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_policy)

# The trusted programs: static, and against musl, whose start takes a tenth of the
# time and whose code a fifth of the memory that glibc's does.  The keeper is the
# launcher's program after a fork.
$(BUILD)/trusted/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(TRUSTED_CC) $(TRUSTED_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@
$(foreach r,$(TRUSTED),$(eval $(BUILD)/trusted/$(r)/main.o: $(BUILD)/gen/filter_$(r).inc))
TRUSTED_BASE := bpf call_table capset cgroup_signal drop environment expedite fatal freeze_check hook message mount plan_check record serve thaw tmpfs walk workers
$(BUILD)/trusted/libbase.a: $(TRUSTED_BASE:%=$(BUILD)/trusted/base/%.o)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

define trusted
$(BUILD)/quiesce-$(1): $(patsubst src/%.c,$(BUILD)/trusted/%.o,$(call sources,$(1)) $(2)) $(BUILD)/trusted/libbase.a
	$$(call say,LINK)$$(TRUSTED_CC) $$(CFLAGS) $$(TRUSTED_LDFLAGS) -o $$@ $$(TRUSTED_BEGIN) $$^ $$(TRUSTED_END)
endef
$(foreach r,$(filter-out launcher,$(TRUSTED)),$(eval $(call trusted,$(r),)))
$(eval $(call trusted,launcher,$(call sources,keeper)))
# Part of no run: the launcher and its keeper, but for how calls are answered.
$(eval $(call trusted,learn,$(call sources,launcher) $(filter-out %/denials.c,$(call sources,keeper))))

# ---- generated at build time --------------------------------------------------

$(BUILD)/tools/syscall-names: tools/syscall-names.c
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -lseccomp

$(BUILD)/gen/syscall_names.inc: $(BUILD)/tools/syscall-names
	@mkdir -p $(@D)
	$(call say,GEN)$< > $@.new && mv $@.new $@

$(BUILD)/tools/filter-table: tools/filter-table.c $(BUILD)/libparser.a $(BUILD)/libbase.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_parser)

$(BUILD)/gen/filter_%.inc: policy/roles/%.json $(BUILD)/tools/filter-table
	@mkdir -p $(@D)
	@sed 's/\<64800\>/$(BASE_UID)/' $< > $(BUILD)/gen/$*.json
	$(call say,GEN)$(BUILD)/tools/filter-table $(BUILD)/gen/$*.json > $@.new && mv $@.new $@

$(BUILD)/policy/%.json: policy/hooks/%.json
	@mkdir -p $(@D)
	$(call say,COPY)install -m 0644 $< $@

$(BUILD)/policy/%.tests: policy/hooks/%.tests
	@mkdir -p $(@D)
	$(call say,COPY)install -m 0644 $< $@

$(BUILD)/policy/%.json.qpol: policy/hooks/%.json $(BUILD)/quiesce $(BUILD)/quiesce-policy
	@mkdir -p $(@D)
	$(call say,GEN)umask 022 && $(BUILD)/quiesce policy compile -o $@ $<

$(BUILD)/tools/outcome-mdoc: tools/outcome-mdoc.c include/quiesce/outcome.def include/quiesce/outcome.h
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/docs/quiesce.1: docs/quiesce.1.in $(BUILD)/tools/outcome-mdoc
	@mkdir -p $(@D)
	sed -e '/^@OUTCOMES@$$/{r /dev/stdin' -e 'd}' docs/quiesce.1.in < <($(BUILD)/tools/outcome-mdoc) > $@.new && mv $@.new $@

SHELL := /bin/bash

# ---- what must be installed ----------------------------------------------------

.PHONY: deps tools-present
deps:
	tools/deps install
tools-present:
	@tools/deps check

# ---- tests, demo, bench -----------------------------------------------------------

UNIT_SOURCES := $(wildcard tests/unit/*/*.c)
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)

# What is tested includes what is generated.
$(UNIT_TESTS): $(GENERATED)
$(BUILD)/unit/launcher/main: src/launcher/main.c

# tests/unit/PROGRAM/NAME.c links the program's own library without its main().
$(BUILD)/unit/%: tests/unit/%.c $(ROLES:%=$(BUILD)/lib%.a) $(BUILD)/libkeeper.a $(BUILD)/libfront.a $(BUILD)/libpolicy.a $(BUILD)/liblearn.a $(BUILD)/libbase.a
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) $(LDFLAGS) -o $@ $< \
	  $(filter-out $(BUILD)/libbase.a,$(BUILD)/lib$(patsubst %/,%,$(dir $*)).a) \
	  $(if $(filter policy/,$(dir $*)),$(BUILD)/libparser.a) $(if $(filter launcher/,$(dir $*)),$(BUILD)/libkeeper.a) $(BUILD)/libbase.a \
	  -lcmocka $(LIBS_$(patsubst %/,%,$(dir $*))) -lcjson -lmd

.PHONY: unit
unit: $(UNIT_TESTS)

include tests/tests.mk
include fuzz/fuzz.mk
include fuzz/campaign.mk

# ---- installing ---------------------------------------------------------------------

.PHONY: install uninstall clean
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(POLICYDIR) \
	  $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(UNITDIR)
	install -m 0755 $(BUILD)/quiesce $(DESTDIR)$(PREFIX)/bin/quiesce
	install -m 0755 $(filter $(BUILD)/quiesce-%,$(PROGRAMS)) $(DESTDIR)$(LIBEXECDIR)
	install -m 0644 $(POLICIES) $(DESTDIR)$(POLICYDIR)
	install -m 0644 $(BUILD)/docs/quiesce.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 0644 docs/quiesce.json.5 docs/quiesce-policy.5 $(DESTDIR)$(PREFIX)/share/man/man5
	sed 's|@BINDIR@|$(PREFIX)/bin|' integrations/systemd/quiesce-recover.service.in > $(DESTDIR)$(UNITDIR)/quiesce-recover.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/quiesce-recover.service

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/quiesce $(DESTDIR)$(UNITDIR)/quiesce-recover.service
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(PREFIX)/share/quiesce
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/quiesce.1 \
	  $(DESTDIR)$(PREFIX)/share/man/man5/quiesce.json.5 $(DESTDIR)$(PREFIX)/share/man/man5/quiesce-policy.5

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/trusted/*/*.d $(BUILD)/weakened/*/*.d)
