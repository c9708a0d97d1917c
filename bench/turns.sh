#!/usr/bin/env bash
# Compares this tree's gateway with that of another tree, in turns in one run beside bare programs: medians of the rounds.
# Usage: bench/turns.sh OTHER_TREE [SECONDS per measurement, default 5] [ROUNDS, default 5]. Starts a PostgreSQL of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
other=$(cd "${1:?which tree is the other?}" && pwd)
seconds=${2:-5}
rounds=${3:-5}
cargo build --release --locked -q -p acteon-bench
bin=$PWD/target/release
for tree in "$PWD" "$other"; do
  (cd "$tree" && CARGO_TARGET_DIR=target cargo build --release --locked -q -p acteon-server --features wechat,postgres)
done
export ACTEON_POSTGRES_PORT=${ACTEON_POSTGRES_PORT:-54331} ACTEON_POSTGRES_DIR=${ACTEON_POSTGRES_DIR:-/tmp/acteon-bench-postgres}
url=$(.ci/postgres start)
work=$(mktemp -d)
. bench/common.sh
trap 'stop; .ci/postgres stop; rm -rf "$work"' EXIT

gateway() { # TREE STORE, lines of [store]
  local dir; dir=$(mktemp -d -p "$work")
  { printf 'server.port = 18080\nserver.max_open_actions = 1000000\n%s\n[[providers]]\nname = "log"\ntype = "log"\n' "$2"; wechat 18090; } > "$dir/acteon.toml"
  "$1/target/release/acteon-server" -c "$dir/acteon.toml" --data-dir "$dir" > "$dir/out" 2> "$dir/log" & pids+=($!); wait_for 18080
}
load() { "$bin/load" 127.0.0.1:18080/v1/dispatch "$@"; }
measure() { # NAME CLIENTS LOAD'S ARGUMENTS: once to warm up, then for the record
  local name=$1 clients=$2; shift 2
  load "$clients" 1 "$@" > /dev/null; note "$name" "$(load "$clients" "$seconds" "$@")"
}
bare() { # NAME CEILING CLIENTS [ARGUMENTS]
  local dir; dir=$(mktemp -d -p "$work")
  "$bin/ceiling" "$2" 18080 "${4:-$dir}" ${5:+"$5"} & pids+=($!); wait_for 18080
  measure "$1" "$3" x; stop
}
embedded() { # NAME TREE
  fake 18090 0; gateway "$2" ""; measure "log_$1" 64 log; measure "one_client_$1" 1 log; stop
  fake 18090 0; gateway "$2" ""; measure "wechat_$1" 64 wechat; stop
  fake 18090 0; gateway "$2" ""; note "async_$1" "$(load 64 60000x log respond-async)"; stop
}
shared() { # NAME TREE ROUND
  fake 18090 0; gateway "$2" "$(printf 'store.url = "%s"\nstore.schema = "turns_%s_%s"' "$url" "$1" "$3")"; measure "postgres_$1" 192 wechat; stop
}

sink=http://127.0.0.1:18090/cgi-bin/message/send
echo "name                       requests/s p50-ms p99-ms failures"
for round in $(seq "$rounds"); do
  bare b2 b2 64
  fake 18090 0; bare b4 b4 64 "" "$sink"
  fake 18090 0; bare p4 p4 192 "$url" "$sink"
  # Who goes first changes from round to round.
  for turn in 0 1; do
    if [ $(((round + turn) % 2)) = 0 ]; then name=this tree=$PWD; else name=other tree=$other; fi
    embedded "$name" "$tree"; shared "$name" "$tree" "$round"
  done
done

echo
echo "medians of $rounds rounds on $(nproc) cores, which loader, fake and database share"
for kind in "log b2 0.55" "async b2 0.80" "wechat b4 0.70" "postgres p4 0.50"; do
  set -- $kind
  printf '  %-9s %8s requests/s, the other tree %8s: %s of it; %s of %s, the other %s; goal %s\n' "$1" "$(median "$1_this")" "$(median "$1_other")" \
    "$(awk -v a="$(median "$1_this")" -v b="$(median "$1_other")" 'BEGIN { printf "%.3f", a / b }')" \
    "$(ratio "$(median "$1_this")" "$(median "$2")")" "$2" "$(ratio "$(median "$1_other")" "$(median "$2")")" "$3"
done
echo "  one client: p50 $(median one_client_this 3) ms, the other tree $(median one_client_other 3) ms"
