# The front door. Meson and Ninja do the work; this only names the ways in.
#
#   make          build everything into build/
#   make demo     a throwaway site: sign-ins step by step, two people who talk
#   make test     build and run all tests, plain and under sanitizers
#   make install  DESTDIR and prefix are followed
#   make format   put the house style on all C files
#   make fuzz     build the fuzz targets with libFuzzer (clang) into build-fuzz/

BUILD ?= build
prefix ?= /usr/local
WERROR ?= $(if $(CI),true,false)

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@for program in lychgated lychgate; do ln -sf src/$$program $(BUILD)/$$program; done

$(BUILD)/build.ninja:
	@scripts/install-deps.sh --build-only
	@meson setup $(BUILD) -Dprefix=$(prefix) -Dwerror=$(WERROR) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

demo: all
	@scripts/demo.sh $(BUILD)

test:
	@scripts/install-deps.sh
	@scripts/test.sh

install: all
	@meson configure $(BUILD) -Dprefix=$(prefix)
	@meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(DESTDIR))

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

fuzz:
	@CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false --reconfigure
	@ninja -C build-fuzz

clean:
	@rm -rf $(BUILD) build-san build-fuzz

.PHONY: all demo test install format fuzz clean
