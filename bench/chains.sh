#!/usr/bin/env bash
# Chains, beside bare programs: how many start in a second, against what the same commits write bare; what 100,000 that wait take of memory, after
# they began, after a restart and under load; and how long a look at what is due takes beside them.
# Usage: bench/chains.sh [SECONDS per measurement, default 5] [ROUNDS, default 3] [CHAINS that wait, default 100000]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}
rounds=${2:-3}
chains=${3:-100000}
cargo build --release --locked -q -p acteon-bench
cargo build --release --locked -q -p acteon-server
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
. bench/common.sh
trap 'stop; rm -rf "$work"' EXIT

mkdir "$work/rules"
printf 'server.port = 18080\nserver.max_open_actions = 1000000\nrules.directory = "%s/rules"\n[[providers]]\nname = "log"\ntype = "log"\n' "$work" > "$work/acteon.toml"
# The wait comes first, so that each begins to wait with its first step; an action follows it.
cat > "$work/rules/chains.yaml" <<'YAML'
chains:
  - name: timer
    timeout_seconds: 3000000
    steps:
      - {name: wait, timer: {duration_seconds: 2000000}}
      - {name: tell, provider: log, action_type: told, payload_template: {content: "{{ origin.payload.content }} is over"}}
  - name: signal
    timeout_seconds: 3000000
    steps:
      - {name: wait, wait_for_signal: {signal_name: done, timeout_seconds: 2000000}}
      - {name: tell, provider: log, action_type: told, payload_template: {content: "{{ prev.body.text }}"}}
rules:
  - {name: timers, condition: {field: action.status, eq: timer}, action: {type: chain, chain: timer}}
  - {name: signals, condition: {field: action.status, eq: signal}, action: {type: chain, chain: signal}}
YAML
start() { # FOLDER: starts, and sets `ready` to the milliseconds until it is ready
  local began; began=$(date +%s%N)
  "$bin/acteon-server" -c "$work/acteon.toml" --data-dir "$1" > "$1/out" 2> "$1/log" & pids+=($!); server=$!
  until curl -sf 127.0.0.1:18080/ready > /dev/null; do sleep 0.005; done
  ready=$((($(date +%s%N) - began) / 1000000))
}
load() { "$bin/load" 127.0.0.1:18080/v1/dispatch "$@"; }
begin() { load "$1" "$2" log "" "\"status\":\"$3\""; } # CONNECTIONS UNTIL KIND
resident() { awk '/VmRSS/ { print $2 }' "/proc/$server/status"; }
until_all_wait() { while curl -s '127.0.0.1:18080/v1/chains?status=running&limit=1' | grep -q '"chain_id"'; do sleep 0.1; done; }
body_bytes() { python3 -c 'import sqlite3, sys; print(int(sqlite3.connect(sys.argv[1]).execute("SELECT avg(length(body)) FROM flows").fetchone()[0]))' "$1"; }

echo "name                       requests/s p50-ms p99-ms failures"
for round in $(seq "$rounds"); do
  mkdir -p "$work/turn"; start "$work/turn"
  begin 64 1 timer > /dev/null; note started "$(begin 64 "$seconds" timer)"
  until_all_wait; stop
  bytes=$(body_bytes "$(ls "$work"/turn/*.db)"); rm -rf "$work/turn"
  mkdir -p "$work/turn"; "$bin/ceiling" c2 18080 "$work/turn" "$bytes" & pids+=($!); wait_for 18080
  load 64 1 x > /dev/null; note c2 "$(load 64 "$seconds" x)"; stop; rm -rf "$work/turn"
done
echo "the state of a chain has $bytes bytes"

mkdir -p "$work/none" "$work/waiting"
start "$work/waiting"
for kind in timer signal; do note "begun_$kind" "$(begin 64 "$((chains / 2))x" "$kind")"; done
until_all_wait; note memory_begun "$(resident)"; stop
for round in $(seq "$rounds"); do
  for what in none waiting; do
    rm -rf "$work/turn"; cp -r "$work/$what" "$work/turn"; start "$work/turn"
    note "ready_$what" "$ready"; note "restarted_$what" "$(resident)"
    load 64 1 log > /dev/null; note "log_$what" "$(load 64 "$seconds" log)"; note "memory_$what" "$(resident)"
    stop
  done
done

echo
echo "medians of $rounds rounds on $(nproc) cores, which the loader shares"
printf '  chains started    %8s /s   p50 %s ms   p99 %s ms: %s of C2, which is the same rows written bare (%s /s)\n' "$(median started)" "$(median started 3)" \
  "$(median started 4)" "$(ratio "$(median started)" "$(median c2)")" "$(median c2)"
echo "  memory of a gateway with $chains chains that wait: $(($(median memory_begun) / 1024)) MB after they began; goal under 150 MB"
for what in none waiting; do
  printf '  %-8s ready after %s ms with %s MB; %s requests/s, %s of none, with %s MB\n' "$what" "$(median "ready_$what")" "$(($(median "restarted_$what") / 1024))" \
    "$(median "log_$what")" "$(ratio "$(median "log_$what")" "$(median log_none)")" "$(($(median "memory_$what") / 1024))"
done
echo "  looks at what is due, in microseconds; goal under 1000 for each"
cargo bench --locked -q -p acteon-store --bench due 2> /dev/null | sed 's/^/  /'
