#!/usr/bin/env bash
# What waits costs disk, not memory: a gateway with 100,000 scheduled actions, one with 100,000 recurring ones, and one with none, in turns. Prints
# the time from the start to ready, the memory, and the dispatch rate; then how long 10,000 that are due in one second take.
# Usage: bench/later.sh [SECONDS per measurement, default 5] [ROUNDS, default 3]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}
rounds=${2:-3}
cargo build --release --locked -q -p acteon-bench
cargo build --release --locked -q -p acteon-server --features wechat
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
. bench/common.sh
trap 'stop; rm -rf "$work"' EXIT

{ printf 'server.port = 18080\nserver.max_open_actions = 1000000\n[[providers]]\nname = "log"\ntype = "log"\n'; wechat 18090; } > "$work/acteon.toml"
start() { # FOLDER: starts, and sets `ready` to the milliseconds until it is ready
  local began; began=$(date +%s%N)
  "$bin/acteon-server" -c "$work/acteon.toml" --data-dir "$1" > "$1/out" 2> "$1/log" & pids+=($!); server=$!
  until curl -sf 127.0.0.1:18080/ready > /dev/null; do sleep 0.005; done
  ready=$((($(date +%s%N) - began) / 1000000))
}
load() { "$bin/load" 127.0.0.1:18080/v1/dispatch "$@"; }
resident() { awk '/VmRSS/ { print $2 }' "/proc/$server/status"; }
fill() { # FOLDER WHAT COUNT SECONDS_FROM_NOW
  mkdir -p "$1"
  python3 bench/waiting.py "$2" "$3" "$4" > "$work/export"
  "$bin/acteon-server" import --data-dir "$1" "$work/export" > /dev/null
}
open_actions() { curl -s 127.0.0.1:18080/metrics | awk '/^acteon_open_actions / { print $2 }'; }

echo "filling the databases"
mkdir -p "$work/none"
fill "$work/scheduled" scheduled 100000 86400
fill "$work/recurring" recurring 100000 86400
for round in $(seq "$rounds"); do
  for what in none scheduled recurring; do
    rm -rf "$work/turn"; cp -r "$work/$what" "$work/turn"
    fake 18090 0; start "$work/turn"
    note "ready_$what" "$ready"
    load 64 1 log > /dev/null; note "log_$what" "$(load 64 "$seconds" log)"; note "memory_$what" "$(resident)"
    stop
  done
done
# Due together: the first of them are sent when their second comes, the last a little later.
mkdir -p "$work/burst"; fake 18090 0; start "$work/burst"
at=$(($(date +%s) + 15))
load 64 10000x wechat "" "\"scheduled_at\":\"$(date -u -d "@$at" +%Y-%m-%dT%H:%M:%SZ)\"" > /dev/null
while [ "$(date +%s)" -lt "$at" ]; do sleep 0.01; done
until [ "$(open_actions)" = 0 ]; do sleep 0.05; done
note burst_milliseconds "$(($(date +%s%N) / 1000000 - at * 1000))"
curl -s 127.0.0.1:18080/metrics | awk '/^acteon_actions_executed_total/ { print "executed " $2 }'
stop

echo
for what in none scheduled recurring; do
  printf '  %-10s ready after %s ms, %s MB, %s requests/s: %s of none\n' "$what" "$(median "ready_$what")" "$(($(median "memory_$what") / 1024))" \
    "$(median "log_$what")" "$(ratio "$(median "log_$what")" "$(median log_none)")"
done
echo "  10,000 due in one second were all sent after $(median burst_milliseconds) ms"
