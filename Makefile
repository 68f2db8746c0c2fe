# Each target sets up what it needs; see scripts/setup. Nothing but a Rust toolchain and the system's package
# manager is needed first.
.PHONY: run web release test test-rust test-postgres test-schemathesis test-browser bench chaos fuzz eval fmt lint

DATA ?= data
LISTEN ?= 127.0.0.1:3000
# The language model that `make run` installs where no provider is configured; none: none. See docs/MODELS.md.
MODEL ?= qwen2.5-coder-1.5b

# A model that can't be had is no reason not to start.
run:
	@scripts/setup tools wasm sandbox browser
	@scripts/web & scripts/cargo build -q -p alumia && wait $$!
	@[ "$(MODEL)" = none ] || "$$(scripts/cargo --target-dir)/debug/alumia" model install $(MODEL) --unless-provider \
	    --data-dir $(DATA) || true
	@exec "$$(scripts/cargo --target-dir)/debug/alumia" serve --dev --data-dir $(DATA) --listen $(LISTEN)

release:
	@scripts/setup tools wasm node:tools/wasm-opt
	@scripts/web release
	@scripts/cargo build --release -p alumia

web:
	@scripts/setup tools wasm
	@scripts/web

test:
	@scripts/setup tools wasm
	@scripts/test style
	@scripts/setup sandbox node python browser postgres & scripts/test build && wait $$!
	@scripts/test rust postgres schemathesis browser

test-rust:
	@scripts/setup tools wasm sandbox node python browser
	@scripts/test rust

test-postgres:
	@scripts/setup tools wasm sandbox node python browser postgres
	@scripts/test postgres

test-schemathesis:
	@scripts/setup tools wasm sandbox python postgres
	@scripts/test schemathesis

test-browser:
	@scripts/setup tools wasm sandbox node python browser
	@scripts/test browser

bench:
	@scripts/setup tools wasm sandbox node browser
	@scripts/bench

chaos:
	@scripts/setup tools wasm sandbox node python browser postgres
	@scripts/test chaos

fuzz:
	@scripts/setup tools wasm sandbox node python browser
	@scripts/test fuzz

eval:
	@scripts/setup tools wasm sandbox node browser
	@DATA=$(DATA) scripts/test eval_models

fmt:
	@scripts/cargo fmt

lint:
	@scripts/setup tools wasm
	@scripts/test lint
