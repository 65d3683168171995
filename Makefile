# SPDX-License-Identifier: Apache-2.0
# For those who have make: each target is one of the scripts, which also work without it.
.PHONY: help build demo test quick torture asan tsan fuzz ci parity \
  bench-train bench-train-costs bench-scaling bench-quality bench-models bench-translate bench-start-up \
  recipes results format format-check tidy includes clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

build:  ## install what is missing, build build/release/dragoman
	@scripts/build

demo:  ## learn the bundled phrase book, then translate (a minute once built)
	@./demo

test:  ## every test
	@./test

quick:  ## the quick tests
	@./test --quick

torture:  ## kill a training 1,000 times at random moments; it ends with the bits of one left alone (minutes)
	@DRAGOMAN_KILLS=1000 ./test -- -R kill_resume

asan:  ## the quick tests under AddressSanitizer and UBSan
	@.ci/run asan

tsan:  ## the tests that use threads under ThreadSanitizer
	@.ci/run tsan

fuzz:  ## every reader of untrusted bytes under libFuzzer, a minute each: FUZZ_SECONDS=60 make fuzz (clang, half an hour)
	@tests/fuzz/run

ci:  ## all that CI runs
	@.ci/run

parity:  ## imported models beside the libraries that they belong to, into docs/interop.md (minutes, and large Python packages)
	@tests/interop/parity --report docs/interop.md

bench-train:  ## training speed beside PyTorch and Marian, into docs/training-speed.{md,json,svg} (half an hour)
	@bench/train-speed --report docs/training-speed

bench-train-costs:  ## what training costs by sentence length, threads, over time and at the start (minutes)
	@bench/train-costs --report docs/training-costs.md

bench-scaling:  ## training on several processes beside one, into docs/scaling-measured.{md,json} (minutes)
	@bench/scaling --report docs/scaling-measured

bench-quality:  ## time until translations are as good as Marian's at its end: DATA=dir make bench-quality (hours)
	@bench/time-to-quality --report docs/time-to-quality

bench-models:  ## train, once, the models that make bench-translate needs: DATA=dir make bench-models (an hour)
	@bench/translate-models

bench-translate:  ## translation speed beside CTranslate2, Marian, Bergamot, transformers, into docs/translation-speed.{md,json,svg} (an hour)
	@bench/translate-speed --report docs/translation-speed

bench-start-up:  ## how long a model of 300 MB takes until it translates (a minute)
	@bench/start-up

recipes:  ## every recipe, each into runs/recipes/: DATA=dir make recipes, SEEDS=3 for three seeds (hours)
	@recipes/all

results:  ## the tables and pictures of docs/results.md from what make recipes has left
	@recipes/results

format:  ## clang-format on every C++ file
	@scripts/format

format-check:  ## name the files that clang-format would change
	@scripts/format --check

tidy:  ## clang-tidy on src/
	@scripts/tidy

includes:  ## which folder includes which, and whether it may
	@scripts/include-counts

clean:  ## remove build/
	rm -rf build
