# How everything is compiled: C17, warnings are errors, hardened.

ARCH := $(shell $(CC) -dumpmachine)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition \
  -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wformat=2 -Wformat-security -Wundef -Wvla \
  -Wswitch-default -Wswitch-enum -Wimplicit-fallthrough -Winit-self -Wredundant-decls -Wnested-externs \
  -Wmissing-declarations -Wnull-dereference -Wdouble-promotion -Wconversion -Wno-sign-conversion -Wno-unused-parameter

HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero \
  -D_FORTIFY_SOURCE=2
ifneq ($(findstring x86_64,$(ARCH)),)
HARDENING += -fcf-protection=full
endif
ifneq ($(findstring aarch64,$(ARCH)),)
HARDENING += -mbranch-protection=standard
endif

OPTIMIZE ?= -O2 -g
CPPFLAGS += -std=c17 -D_GNU_SOURCE -Iinclude -Isrc -I$(BUILD)/gen \
  -DQUIESCE_BASE_UID=$(BASE_UID)u -DQUIESCE_VERSION='"$(VERSION)"' \
  -DQUIESCE_LIBEXECDIR='"$(LIBEXECDIR)"' -DQUIESCE_POLICYDIR='"$(POLICYDIR)"' \
  -DQUIESCE_SESSION_GROUP='"$(SESSION_GROUP)"'
CFLAGS   += $(OPTIMIZE) $(WARNINGS) $(HARDENING) $(SANITIZE)
LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(SANITIZE)

# Static, position-independent, against musl.
MULTIARCH        := $(shell $(CC) -print-multiarch)
TRUSTED_CC       ?= musl-gcc
MUSL_LIBDIR      ?= /usr/lib/$(subst gnu,musl,$(MULTIARCH))
TRUSTED_CPPFLAGS := -idirafter /usr/include/$(MULTIARCH) -idirafter /usr/include
TRUSTED_LDFLAGS   = -nostartfiles -static -Wl,-pie,--no-dynamic-linker,-z,text -Wl,-z,relro,-z,now,-z,noexecstack
TRUSTED_BEGIN     = $(MUSL_LIBDIR)/rcrt1.o $(MUSL_LIBDIR)/crti.o $(shell $(CC) -print-file-name=crtbeginS.o)
TRUSTED_END       = $(shell $(CC) -print-file-name=crtendS.o) $(MUSL_LIBDIR)/crtn.o
