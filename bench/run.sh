#!/usr/bin/env bash
# Runs bare ceilings and the gateway in turns, with the same loader, and prints rates and ratios: medians of three rounds.
# Usage: bench/run.sh [SECONDS per measurement, default 5] [ROUNDS, default 3]
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

ceiling() { local dir; dir=$(mktemp -d -p "$work"); "$bin/ceiling" "$1" 18080 "$dir" ${2:+"$2"} & pids+=($!); wait_for 18080; }
gateway() { # FAKE_PORT
  local dir; dir=$(mktemp -d -p "$work")
  { printf 'server.port = 18080\nserver.max_open_actions = 1000000\n[[providers]]\nname = "log"\ntype = "log"\n'; wechat "$1"; } > "$dir/acteon.toml"
  "$bin/acteon-server" -c "$dir/acteon.toml" --data-dir "$dir" > "$dir/out" 2> "$dir/log" & pids+=($!); server=$!; wait_for 18080
}
load() { "$bin/load" 127.0.0.1:18080/v1/dispatch "$@"; }
peak() { awk '/VmHWM/ { print $2 }' "/proc/$1/status"; }

sink=http://127.0.0.1:18090/cgi-bin/message/send
sink50=http://127.0.0.1:18091/cgi-bin/message/send
echo "name                       requests/s p50-ms p99-ms failures"
for _ in $(seq "$rounds"); do
  for mode in b1 b2; do ceiling $mode; load 64 1 x > /dev/null; note $mode "$(load 64 "$seconds" x)"; stop; done
  ceiling b2; note b2_one_client "$(load 1 "$seconds" x)"; stop
  fake 18090 0; for mode in b3 b4; do ceiling $mode $sink; load 64 1 x > /dev/null; note $mode "$(load 64 "$seconds" x)"; kill "${pids[-1]}"; wait "${pids[-1]}" 2>/dev/null || true; unset 'pids[-1]'; done; stop
  fake 18091 50; ceiling b4 $sink50; load 512 1 x > /dev/null; note b4_50ms_512 "$(load 512 "$seconds" x)"; stop
  fake 18090 0; gateway 18090; load 64 1 log > /dev/null; note log "$(load 64 "$seconds" log)"; note log_one_client "$(load 1 "$seconds" log)"; note memory_log "$(peak $server)"; stop
  fake 18090 0; gateway 18090; load 64 1 log > /dev/null; note async "$(load 64 60000x log respond-async)"
  started=$(date +%s.%N); while ! curl -s 127.0.0.1:18080/metrics | grep -q '^acteon_open_actions 0$'; do sleep 0.05; done
  note async_drain_seconds "$(echo "$(date +%s.%N) - $started" | bc)"; note memory_async "$(peak $server)"; stop
  fake 18090 0; gateway 18090; load 64 1 wechat > /dev/null; note wechat "$(load 64 "$seconds" wechat)"; note memory_wechat "$(peak $server)"; stop
  fake 18091 50; gateway 18091; load 512 1.5 wechat > /dev/null; note wechat_50ms_512 "$(load 512 "$seconds" wechat)"; note memory_50ms "$(peak $server)"; stop
done

echo
echo "medians of $rounds rounds"
for name in b1 b2 b3 b4 b4_50ms_512 async log wechat wechat_50ms_512; do printf '  %-18s %8s requests/s   p50 %s ms   p99 %s ms\n' $name "$(median $name)" "$(median $name 3)" "$(median $name 4)"; done
target50=$(awk -v b="$(median b4_50ms_512)" 'BEGIN { r = 512 / 0.05; print (b < r ? b : r) }')
echo
echo "  async / B2                        $(ratio "$(median async)" "$(median b2)")   goal 0.80   (drained in $(median async_drain_seconds) s)"
echo "  log / B2                          $(ratio "$(median log)" "$(median b2)")   goal 0.55"
echo "  wechat / B4                       $(ratio "$(median wechat)" "$(median b4)")   goal 0.70"
echo "  wechat 50 ms / min(10240, B4)     $(ratio "$(median wechat_50ms_512)" "$target50")   goal 0.75"
echo "  one client: p50 $(median log_one_client 3) ms; a bare commit $(median b2_one_client 3) ms; goal under two commits + 0.4 ms"
echo "  peak memory: $(for m in memory_log memory_async memory_wechat memory_50ms; do echo -n "$(( $(median $m) / 1024 )) MB "; done)  goal under 150 MB"
