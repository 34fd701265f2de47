# Fuzzing: fuzz/README.md; included by the Makefile.
#
# A flavour is one way of building everything: build/fuzz/FLAVOUR/HARNESS.  Objects are
# made once for each flavour, in build/fuzz/FLAVOUR/obj, and all harnesses link them.

FUZZ_CLANG  ?= clang
FUZZ_OBJCOPY ?= objcopy
FUZZ_OUT    := $(BUILD)/fuzz
FUZZ_NAMES  := $(patsubst fuzz/%.c,%,$(filter-out fuzz/mutate_%,$(wildcard fuzz/*.c)))

# fuzz: CC of a flavour, what its objects are compiled and its harnesses linked with, and
# which main() replays files where the engine brings none.
FUZZ_FLAVOURS := libfuzzer asan replay plain msan afl coverage

# The engine's own counters, no comparisons; all recoveries are off, a finding is an abort.
# A loop that is unrolled or vectorised has more edges, and none that says more.
FUZZ_EDGES := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp,indirect-calls -fno-unroll-loops -fno-vectorize
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

FUZZ_CC_libfuzzer      = $(FUZZ_CLANG)
FUZZ_CFLAGS_libfuzzer := -O3 -g -DFUZZ_ENGINE $(FUZZ_EDGES) $(FUZZ_SANITIZE)
FUZZ_LDFLAGS_libfuzzer := -fsanitize=fuzzer $(FUZZ_SANITIZE)

# Without the undefined-behaviour sanitizer, which keeps much from being inlined: the fastest
# that still sees what is out of bounds; "make fuzz-speed" measures it beside the other.
FUZZ_CC_asan           = $(FUZZ_CLANG)
FUZZ_CFLAGS_asan      := $(FUZZ_CFLAGS_libfuzzer) -fno-sanitize=undefined
FUZZ_LDFLAGS_asan     := -fsanitize=fuzzer,address

FUZZ_CC_replay         = $(CC)
FUZZ_CFLAGS_replay    := -O1 -g1 $(FUZZ_SANITIZE)
FUZZ_LDFLAGS_replay   := $(FUZZ_SANITIZE)

# As the programs are built, with their own objects: what the limits of time and memory are
# measured with.
FUZZ_OBJECTS_plain    := $(BUILD)/obj
FUZZ_CC_plain          = $(CC)
FUZZ_CFLAGS_plain     := -O2 -g $(HARDENING)
FUZZ_LDFLAGS_plain    := -pie

FUZZ_CC_msan           = $(FUZZ_CLANG)
FUZZ_CFLAGS_msan      := -O1 -gline-tables-only -fsanitize=memory -fno-omit-frame-pointer
FUZZ_LDFLAGS_msan     := -fsanitize=memory

FUZZ_CC_afl           ?= AFL_QUIET=1 AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast
FUZZ_CFLAGS_afl       := -O2 -g -DFUZZ_ENGINE
FUZZ_LDFLAGS_afl      := -fsanitize=fuzzer

FUZZ_CC_coverage       = $(FUZZ_CLANG)
# Counting takes time: the limits are as those of the sanitizers.
FUZZ_CFLAGS_coverage  := -O1 -g -DMETER_SLOW=20 -fprofile-instr-generate -fcoverage-mapping -fcoverage-compilation-dir=.
FUZZ_LDFLAGS_coverage := -fprofile-instr-generate

# The paths through oracles, mutators and the allocator are none of the program's: in these
# flavours the engine does not count them.
FUZZ_TRACED   := libfuzzer asan
FUZZ_UNTRACED := $(addprefix lib/,arena channels compare documents fuzz held_callers held_model held_model_rest held_steps learning_setting meter plans print) mutate_json mutate_sequence

# The flavours whose engine has no main().
FUZZ_REPLAYED := replay plain msan coverage

# The flavours whose engine does not ask a harness for its mutator; AFL++ asks a library.
FUZZ_UNMUTATED := $(FUZZ_REPLAYED) afl

# The system's cJSON is what is delivered; the others have its source, instrumented.
FUZZ_CJSON_SYSTEM := replay plain

# The structure-aware mutator of a harness: fuzz/mutate_KIND.c.
$(foreach n,plugin policy json,$(eval FUZZ_MUTATOR_$(n) := json))
$(foreach n,$(filter messages_%,$(FUZZ_NAMES)),$(eval FUZZ_MUTATOR_$(n) := sequence))

# What each harness links of src/, and what it compares with.
$(foreach n,host vmbackup plugin policy passwd group mounts qpol json,$(eval FUZZ_LINK_$(n) := parser))

fuzz_libraries = $(patsubst %,$(FUZZ_OUT)/$(1)/lib%.a,$(FUZZ_LINK_$(2)) base)
fuzz_cjson     = $(if $(filter $(FUZZ_CJSON_SYSTEM),$(1)),,$(FUZZ_OUT)/$(1)/obj/cjson.o)
fuzz_mutator   = $(if $(filter $(FUZZ_UNMUTATED),$(1)),,$(if $(FUZZ_MUTATOR_$(2)),$(FUZZ_OUT)/$(1)/obj/fuzz/mutate_$(FUZZ_MUTATOR_$(2)).o))

# Every allocation that our code and cJSON ask for is counted (fuzz/lib/budget.c).
FUZZ_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc reallocarray free)

# The comparisons of harnesses whose mutator knows all the words (fuzz/lib/compare.c).
fuzz_compare = $(if $(filter json,$(FUZZ_MUTATOR_$(1))),$(patsubst %,-Wl$(comma)--wrap=%,memcmp strcmp strncmp strcasecmp))

# A harness of messages has the program itself as one object: its main() is role_main(),
# and its static variables lie between two names, so that they can be cleared.
FUZZ_ROLES := guardian monitor parser launcher supervisor
# Left out of it, for the harness has these itself.
FUZZ_ROLE_WITHOUT_launcher := stage slots
$(foreach r,$(FUZZ_ROLES),$(eval FUZZ_ROLE_messages_$(r) := $(r)) $(eval FUZZ_LINK_messages_$(r) := parser))
# Others have of a program what has static variables that must be zeros again: src/NAME.c.
FUZZ_PARTS := messages_held
FUZZ_PARTS_messages_held := front/held_session
fuzz_role = $(if $(FUZZ_ROLE_$(2)),$(FUZZ_OUT)/$(1)/obj/role/$(FUZZ_ROLE_$(2)).o) $(if $(FUZZ_PARTS_$(2)),$(FUZZ_OUT)/$(1)/obj/parts/$(2).o)

# What the programs call and the harness answers.
FUZZ_ROLE_WRAP := _exit clock_gettime close drop_privileges epoll_wait poll role_begin sendmsg timerfd_create timerfd_settime \
  wire_find wire_receive writev
FUZZ_WRAP_messages_guardian := ioctl record_map syscall workers_prepare workers_start workers_give
FUZZ_WRAP_messages_monitor  := ioctl record_map alarm syncfs mounts_changed mount_open walk_copy sealed_copy workers_prepare \
  workers_start workers_give
FUZZ_WRAP_messages_launcher := syscall capset_get capset_set capset_bound open signal umask
FUZZ_WRAP_messages_supervisor := signal mmap munmap
FUZZ_WRAP_messages_front    := snapshot_start snapshot_end snapshot_timeout snapshot_reap topology_send
FUZZ_WRAP_messages_held     := conduct_start conduct_break_off conduct_clean_up held_lock_memory held_door_open held_door_close \
  held_receive progress_start topology_send accept4 getsockopt
FUZZ_WRAP_messages_caller   := held_door_connect held_receive progress_start
FUZZ_WRAP_messages_learning := session_make_id cgroup_mounts_read cgroup_create cgroup_sweep cgroup_kill cgroup_remove machine_open \
  machine_close spawn relay_read waitid pidfd_send_signal signalfd sigprocmask signal
FUZZ_WRAP_messages_parser   := fork signal seccomp_api_get setrlimit prctl
FUZZ_WRAP_record            := ioctl mount_lines_read mount_lines_free mount_open machine_lock_expedited expedite_switch \
  cgroup_mounts_read cgroup_find cgroup_populated cgroup_kill cgroup_remove pthread_create pthread_clockjoin_np
fuzz_wraps = $(patsubst %,-Wl$(comma)--wrap=%,$(if $(filter messages_%,$(1)),$(FUZZ_ROLE_WRAP)) $(FUZZ_WRAP_$(1)))

$(foreach n,messages_front messages_held messages_caller messages_learning report journal options record,$(eval FUZZ_LINK_$(n) := front parser))
FUZZ_LINK_planning := supervisor parser

FUZZ_LIBS_json := -ljansson

FUZZ_CPPFLAGS = $(CPPFLAGS) -Ifuzz/lib -I$(FUZZ_OUT)/gen
FUZZ_WARNINGS := $(filter-out -Wmissing-prototypes -Wmissing-declarations,$(WARNINGS))

FUZZ_CJSON_SOURCE := $(FUZZ_OUT)/cjson/cJSON.c
$(FUZZ_CJSON_SOURCE):
	$(call say,FETCH)tools/cjson-source $(@D)

# Not in the archive: nobody asks for it but run-times that can do without.
FUZZ_LIB := $(filter-out fuzz/lib/sanitizers.c,$(wildcard fuzz/lib/*.c))

define fuzz_objects
$(FUZZ_OUT)/$(1)/obj/src/%.o: src/%.c $(BUILD)/flags | $(BUILD)/gen/syscall_names.inc $(BUILD)/gen/filter_launcher.inc
	@mkdir -p $$(@D)
	$$(call say,CC)$$(FUZZ_CC_$(1)) $$(CPPFLAGS) $$(FUZZ_CFLAGS_$(1)) -MMD -MP -c $$< -o $$@
endef
define fuzz_objects_shared
$(FUZZ_OUT)/$(1)/obj/src/%.o: $(FUZZ_OBJECTS_$(1))/%.o
	@mkdir -p $$(@D) && ln -f $$< $$@
endef
# flavour NAME
define fuzz_flavour
$(if $(FUZZ_OBJECTS_$(1)),$(fuzz_objects_shared),$(fuzz_objects))
$(FUZZ_OUT)/$(1)/obj/fuzz/%.o: fuzz/%.c $(BUILD)/flags | $(BUILD)/gen/syscall_names.inc
	@mkdir -p $$(@D)
	$$(call say,CC)$$(FUZZ_CC_$(1)) $$(FUZZ_CPPFLAGS) $$(FUZZ_WARNINGS) $$(FUZZ_CFLAGS_$(1)) $(if $(filter $(1),$(FUZZ_TRACED)),$$(if $$(filter $$*,$$(FUZZ_UNTRACED)),-fno-sanitize=fuzzer$$(comma)fuzzer-no-link)) -MMD -MP -c $$< -o $$@
$(FUZZ_OUT)/$(1)/obj/role/%/main.o: src/%/main.c $(BUILD)/flags $(BUILD)/gen/filter_%.inc
	@mkdir -p $$(@D)
	$$(call say,CC)$$(FUZZ_CC_$(1)) $$(CPPFLAGS) -Dmain=role_main $$(FUZZ_CFLAGS_$(1)) -MMD -MP -c $$< -o $$@
$(foreach r,$(FUZZ_ROLES),$(eval $(call fuzz_role_object,$(1),$(r))))
$(foreach p,$(FUZZ_PARTS),$(eval $(call fuzz_parts_object,$(1),$(p))))
$(FUZZ_OUT)/$(1)/obj/cjson.o: $(FUZZ_CJSON_SOURCE)
	@mkdir -p $$(@D)
	$$(call say,CC)$$(FUZZ_CC_$(1)) $$(FUZZ_CFLAGS_$(1)) -c $$< -o $$@
$(FUZZ_OUT)/$(1)/libfuzz.a: $(FUZZ_LIB:%.c=$(FUZZ_OUT)/$(1)/obj/%.o)
	@rm -f $$@
	$$(call say,AR)$$(AR) rcs $$@ $$^
$(foreach l,base parser front supervisor,$(eval $(call fuzz_library,$(1),$(l))))
$(foreach n,$(FUZZ_NAMES),$(eval $(call fuzz_harness,$(1),$(n))))
.PHONY: fuzz-build-$(1)
fuzz-build-$(1): $(FUZZ_NAMES:%=$(FUZZ_OUT)/$(1)/%)
endef
define fuzz_role_object
$(FUZZ_OUT)/$(1)/obj/role/$(2).o: $(FUZZ_OUT)/$(1)/obj/role/$(2)/main.o \
  $(patsubst src/%.c,$(FUZZ_OUT)/$(1)/obj/src/%.o,$(filter-out $(patsubst %,src/$(2)/%.c,main $(FUZZ_ROLE_WITHOUT_$(2))),$(call sources,$(2))))
	$$(call say,LD)$$(LD) -r -o $$@ $$^ && $$(FUZZ_OBJCOPY) --rename-section .bss=role_bss,alloc $$@
endef
define fuzz_parts_object
$(FUZZ_OUT)/$(1)/obj/parts/$(2).o: $(FUZZ_PARTS_$(2):%=$(FUZZ_OUT)/$(1)/obj/src/%.o)
	@mkdir -p $$(@D)
	$$(call say,LD)$$(LD) -r -o $$@ $$^ && $$(FUZZ_OBJCOPY) --rename-section .bss=role_bss,alloc $$@
endef
define fuzz_library
$(FUZZ_OUT)/$(1)/lib$(2).a: $(patsubst src/%.c,$(FUZZ_OUT)/$(1)/obj/src/%.o,$(filter-out %/main.c,$(call sources,$(2))))
	@rm -f $$@
	$$(call say,AR)$$(AR) rcs $$@ $$^
endef
define fuzz_harness
$(FUZZ_OUT)/$(1)/$(2): $(FUZZ_OUT)/$(1)/obj/fuzz/$(2).o $(call fuzz_mutator,$(1),$(2)) \
  $(if $(filter $(1),$(FUZZ_REPLAYED)),$(FUZZ_OUT)/$(1)/obj/fuzz/main/replay.o) \
  $(FUZZ_OUT)/$(1)/obj/fuzz/lib/sanitizers.o \
  $(call fuzz_role,$(1),$(2)) $(FUZZ_OUT)/$(1)/libfuzz.a $(call fuzz_libraries,$(1),$(2)) $(call fuzz_cjson,$(1))
	$$(call say,LINK)$$(or $$(FUZZ_LD_$(1)),$$(FUZZ_CC_$(1))) $$(FUZZ_LDFLAGS_$(1)) $$(FUZZ_WRAP) $(call fuzz_compare,$(2)) $(call fuzz_wraps,$(2)) -o $$@ $$^ \
	  $(if $(filter $(1),$(FUZZ_CJSON_SYSTEM)),-lcjson) -lseccomp -lmd -lm $$(FUZZ_LIBS_$(2))
endef
$(foreach f,$(FUZZ_FLAVOURS),$(eval $(call fuzz_flavour,$(f))))
.SECONDARY:

# ---- mutators for AFL++: build/fuzz/afl/NAME.so for each harness that has one ------------

# What a mutator needs of other files is linked; of those nothing else is, and nothing is exported but AFL++'s interface.
FUZZ_AFL_MUTATORS := $(foreach n,$(FUZZ_NAMES),$(if $(FUZZ_MUTATOR_$(n)),$(FUZZ_OUT)/afl/$(n).so))
FUZZ_AFL_WITH_sequence := fuzz/lib/sequence.c src/base/message.c src/base/fatal.c
$(FUZZ_OUT)/afl/libmutate_%.so: fuzz/mutate_%.c fuzz/main/afl_mutator.c fuzz/lib/fuzz.h fuzz/lib/sequence.h $(FUZZ_AFL_WITH_sequence) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FUZZ_CPPFLAGS) $(FUZZ_WARNINGS) -O2 -g -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -shared \
	  -Wl,--gc-sections,-z,defs,--wrap=sendmsg -o $@ $< fuzz/main/afl_mutator.c $(FUZZ_AFL_WITH_$*)
$(FUZZ_OUT)/afl/libmutate_json.so: $(FUZZ_OUT)/gen/words_json.inc
define fuzz_afl_mutator
$(FUZZ_OUT)/afl/$(1).so: $(FUZZ_OUT)/afl/libmutate_$(FUZZ_MUTATOR_$(1)).so
	@ln -sf $$(<F) $$@
endef
$(foreach n,$(FUZZ_NAMES),$(if $(FUZZ_MUTATOR_$(n)),$(eval $(call fuzz_afl_mutator,$(n)))))
fuzz-build-afl: $(FUZZ_AFL_MUTATORS)

# ---- dictionaries: made from the tables in the source ---------------------------------

# fuzz: the string literals of these files are a harness's words.
FUZZ_WORDS_host   := src/parser/host.c src/parser/ini.c
FUZZ_WORDS_vmbackup := src/parser/vmbackup.c src/parser/ini.c
FUZZ_WORDS_plugin := src/parser/plugin.c src/parser/json_scan.c src/base/environment.c
FUZZ_WORDS_policy := $(wildcard src/parser/policy*.c) src/base/policy_words.c src/base/capability.c src/parser/json_scan.c
FUZZ_WORDS_json   := $(FUZZ_WORDS_plugin)
FUZZ_WORDS_mounts := src/parser/mounts.c src/parser/mount_table.c
FUZZ_WORDS_passwd := src/parser/passwd.c
FUZZ_WORDS_group  := src/parser/group.c
FUZZ_WORDS_options := src/front/option_table.c src/front/options.c
FUZZ_WORDS_journal := src/front/journal.c
FUZZ_WORDS_planning := $(FUZZ_WORDS_mounts)

define fuzz_dictionary
$(FUZZ_OUT)/dict/$(1).dict: fuzz/dictionary $(FUZZ_WORDS_$(1))
	@mkdir -p $$(@D)
	$$(call say,GEN)fuzz/dictionary dict $(FUZZ_WORDS_$(1)) > $$@.new && mv $$@.new $$@
endef
$(foreach n,$(FUZZ_NAMES),$(eval $(call fuzz_dictionary,$(n))))

# The same words for the mutator of JSON.
$(FUZZ_OUT)/gen/words_json.inc: fuzz/dictionary $(FUZZ_WORDS_plugin) $(FUZZ_WORDS_policy)
	@mkdir -p $(@D)
	$(call say,GEN)fuzz/dictionary c $(FUZZ_WORDS_plugin) $(FUZZ_WORDS_policy) > $@.new && mv $@.new $@
$(FUZZ_FLAVOURS:%=$(FUZZ_OUT)/%/obj/fuzz/mutate_json.o): $(FUZZ_OUT)/gen/words_json.inc

# Libraries that are not instrumented leave what they write unknown to the memory sanitizer.
FUZZ_NO_MSAN := json policy qpol journal messages_supervisor

.PHONY: fuzz fuzz-dictionaries fuzz-smoke fuzz-smoke-build
fuzz-dictionaries: $(FUZZ_NAMES:%=$(FUZZ_OUT)/dict/%.dict)
fuzz:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory fuzz-dictionaries $(FUZZ_FLAVOURS:%=fuzz-build-%)
fuzz-smoke-build: fuzz-dictionaries fuzz-build-libfuzzer fuzz-build-replay fuzz-build-plain \
  $(patsubst %,$(FUZZ_OUT)/msan/%,$(filter-out $(FUZZ_NO_MSAN),$(FUZZ_NAMES)))
fuzz-smoke:
	@tools/deps check fuzz
	@$(MAKE) --no-print-directory fuzz-smoke-build
	@FUZZ_NO_MSAN='$(FUZZ_NO_MSAN)' fuzz/smoke $(FUZZ_OUT) $(FUZZ_NAMES)

-include $(wildcard $(FUZZ_OUT)/*/obj/*.d $(FUZZ_OUT)/*/obj/*/*.d $(FUZZ_OUT)/*/obj/*/*/*.d)
