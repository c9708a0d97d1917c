#!/usr/bin/env bash
# Compares one and three gateways on a PostgreSQL with a bare program on the same database, in turns: medians of the rounds.
# Usage: bench/postgres.sh [SECONDS per measurement, default 5] [ROUNDS, default 3]. Starts a PostgreSQL of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}
rounds=${2:-3}
cargo build --release --locked -q -p acteon-bench
cargo build --release --locked -q -p acteon-server --features wechat,postgres
bin=${CARGO_TARGET_DIR:-target}/release
export ACTEON_POSTGRES_PORT=${ACTEON_POSTGRES_PORT:-54331} ACTEON_POSTGRES_DIR=${ACTEON_POSTGRES_DIR:-/tmp/acteon-bench-postgres}
url=$(.ci/postgres start)
work=$(mktemp -d)
. bench/common.sh
trap 'stop; .ci/postgres stop; rm -rf "$work"' EXIT
gateway() { # PORT SCHEMA
  { printf 'server.port = %s\nserver.max_open_actions = 1000000\nstore.url = "%s"\nstore.schema = "%s"\n' "$1" "$url" "$2"; wechat 18190; } > "$work/$1.toml"
  "$bin/acteon-server" -c "$work/$1.toml" > "$work/$1.out" 2> "$work/$1.log" & pids+=($!); wait_for "$1"
}
load() { "$bin/load" "127.0.0.1:$1/v1/dispatch" "$2" "$3" wechat; }
# User and system time of the gateways, in microseconds.
cpu() { local sum=0 pid; for pid in "${pids[@]:1}"; do sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$pid/stat"))); done; echo $((sum * 10000)); }

echo "name                       requests/s p50-ms p99-ms failures"
for round in $(seq "$rounds"); do
  fake 18190 0; "$bin/ceiling" p4 18180 "$url" http://127.0.0.1:18190/cgi-bin/message/send & pids+=($!); wait_for 18180
  load 18180 192 1 > /dev/null; note p4 "$(load 18180 192 "$seconds")"; stop
  for clients in 192 24; do for count in 1 3; do
    # 192 clients in all use what the machine has; 24 for each gateway leave it cores.
    each=$clients; [ "$clients" = 24 ] || each=$((clients / count))
    fake 18190 0; for place in $(seq "$count"); do gateway $((18180 + place)) "bench_${round}_${clients}_$count"; done
    for place in $(seq "$count"); do load $((18180 + place)) "$each" 2 > /dev/null & loads[place]=$!; done; wait "${loads[@]}"
    before=$(cpu)
    for place in $(seq "$count"); do load $((18180 + place)) "$each" "$seconds" > "$work/load$place" & loads[place]=$!; done
    wait "${loads[@]}"; unset loads
    total=$(cat "$work"/load? | awk '{ sum += $1 } END { print sum }')
    note "gateways_${count}_$clients" "$(cat "$work"/load? | awk '{ sum += $1; if ($2 > p50) p50 = $2; if ($3 > p99) p99 = $3; bad += $4 } END { print sum, p50, p99, bad }')"
    note "cpu_${count}_$clients" "$(awk -v cpu=$(($(cpu) - before)) -v rate="$total" -v seconds="$seconds" 'BEGIN { printf "%.0f", cpu / (rate * seconds) }')"
    rm -f "$work"/load?; stop
  done; done
done
echo
against() { ratio "$(median "$1")" "$(median "$2")"; }
echo "one gateway / p4, 192 clients     $(against gateways_1_192 p4)   goal 0.50"
echo "three / one, 24 clients each      $(against gateways_3_24 gateways_1_24)   CPU per action, gateways only: $(median cpu_1_24) us with one, $(median cpu_3_24) us with three"
echo "three / one, 192 clients in all   $(against gateways_3_192 gateways_1_192)   CPU per action, gateways only: $(median cpu_1_192) us with one, $(median cpu_3_192) us with three"
echo "on $(nproc) cores, which they share with loader, fake and database"
