# The whole interface to the build; Meson does the work. `make help` lists it.
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build

.PHONY: all install check demo bench fuzz format help

all: $(BUILD)/build.ninja ## compile
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@./deps.sh build
	@meson setup --prefix=$(PREFIX) $(BUILD) >/dev/null

install: all ## install below DESTDIR/PREFIX
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

check: ## install what is missing, build with -Werror, run all tests, plainly and sanitized
	@./deps.sh check
	@tests/check

demo: ## sign, verify, scan and run a real image on this machine, then clean up
	@./deps.sh run
	@$(MAKE) --no-print-directory all
	@demo/run

bench: all ## ours beside the peers, as ratios
	@./deps.sh check
	@bench/run
	@bench/trust
	@bench/hardware

fuzz: ## each fuzz target for FUZZ_SECONDS (60) seconds
	@./deps.sh check
	@fuzz/run

format: ## lay out all C files by .clang-format
	@clang-format -i $$(git ls-files '*.c' '*.h')

help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)
