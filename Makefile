# `make demo` and `make test` are all a newcomer needs: each sets up what it wants by itself.

PYTHON := python3
BIN := .venv/bin
SEEDS ?= 1000
FUZZ_SECONDS ?= 60
.DEFAULT_GOAL := help
.PHONY: help setup demo test check test-tools sim soak fuzz bench bench-setup protos clean

help:
	@echo "make demo    three masters, three agents, real work, and a leader killed in the middle"
	@echo "make test    everything that must hold: format, lint, types, tests"
	@echo "make check   the same without the tests that start processes"
	@echo "make sim     the replicated log under random faults: SEEDS=n, PROFILE=p; SEED=k replays one"
	@echo "make soak    the same for long, and two hundred leaders, then agents, killed under running tasks"
	@echo "make fuzz    readers of strangers' bytes, each for FUZZ_SECONDS=60"
	@echo "make bench   how fast, beside a peer in the same run"
	@echo "make bench-setup  the peers: Debian's etcd-server and nghttp2-client, HyperQueue"
	@echo "make protos  compile protos/ again after a change"

setup: .venv/ready

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ apt-get update -q && apt-get install -qy python3-venv; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

# What only tests need, and no program here imports.
.venv/pymesos/ready: .venv/ready tests/conformance/pymesos/installing.py
	$(BIN)/python -m tests.conformance.pymesos.installing
	@touch $@

# What tests use where it is there: faults of the disk, and containers of podman. On Debian, as root.
TEST_TOOLS := strace podman runc busybox
test-tools:
	@for tool in $(TEST_TOOLS); do command -v $$tool >/dev/null || missing=1; done; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && apt-get install -qy --no-install-recommends strace podman runc busybox-static; \
	fi

demo: setup
	$(BIN)/trimast demo

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/pytest -q --ignore=tests/integration --ignore=tests/simulation

test: setup .venv/pymesos/ready test-tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/pytest -q -n 2 --no-loadscope-reorder

sim: setup
	SEEDS=$(SEEDS) $(if $(SEED),SEED=$(SEED)) $(if $(PROFILE),PROFILE=$(PROFILE)) $(BIN)/pytest -q --timeout=0 tests/simulation

soak: setup
	SEEDS=$(SEEDS) $(BIN)/pytest -q --timeout=0 tests/simulation
	$(BIN)/trimast drill kill-leader --times 200
	AGENT_KILLS=200 $(BIN)/pytest -q -s --timeout=0 tests/integration/test_killed_agents.py
	MASTERS_AWAY_S=60 $(BIN)/pytest -q -s --timeout=0 tests/integration/test_masters_away.py

fuzz: setup
	$(BIN)/python -m pip install -q --disable-pip-version-check 'atheris>=3,<4'
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

bench: setup
	$(BIN)/python -m tests.bench.tasks
	$(BIN)/python -m tests.bench.agent
	$(BIN)/python -m tests.bench.http
	$(BIN)/python -m tests.bench.replication

bench-setup: setup
	apt-get update -q && apt-get install -qy --no-install-recommends etcd-server nghttp2-client
	$(BIN)/python -m pip install -q --disable-pip-version-check hyperqueue

protos: setup
	$(BIN)/python -m protos.generate

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
