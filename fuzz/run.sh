#!/usr/bin/env bash
# Runs every fuzz target for SECONDS, side by side. Usage: fuzz/run.sh [SECONDS, default 600]
set -euo pipefail
cd "$(dirname "$0")/.."
# libFuzzer needs instrumentation that a stable toolchain has, but does not offer.
export RUSTC_BOOTSTRAP=1
seconds=${1:-600}
targets=(rules condition matcher calendar cron callback)
cargo fuzz build
pids=()
for target in "${targets[@]}"; do
  mkdir -p "fuzz/found/$target"
  cargo fuzz run "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=4096 \
    > "fuzz/found/$target.log" 2>&1 &
  pids+=($!)
done
failed=0
for index in "${!pids[@]}"; do
  wait "${pids[$index]}" || failed=1
  grep -E "^Done|SUMMARY|panicked" "fuzz/found/${targets[$index]}.log" | sed "s/^/${targets[$index]}: /" || true
done
exit $failed
