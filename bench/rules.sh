#!/usr/bin/env bash
# Dispatch throughput with 0, 1,000 and 10,000 rules loaded, in turns, with one loader; prints medians and how they differ. Processor time
# each action takes is the steadier of the two figures.
# The rules are mostly equality conditions on the payload, as predicates and as CEL; none matches, so each dispatch looks at all there is.
# Usage: bench/rules.sh [SECONDS per measurement, default 4] [ROUNDS, default 7]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-4}
rounds=${2:-7}
cargo build --release --locked -q -p acteon-bench
cargo build --release --locked -q -p acteon-server --features wechat
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
server=
stop() { [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; server=; }
trap 'stop; rm -rf "$work"' EXIT

rules() { # COUNT
  mkdir -p "$work/rules-$1"
  awk -v count="$1" 'BEGIN { print "rules:"; for (n = 0; n < count; n++)
    if (n % 2) printf "  - {name: r%d, condition: {all: [{field: action.payload.service, eq: service-%d}, {field: action.payload.level, gte: 3}]}, action: {type: suppress}}\n", n, n
    else printf "  - {name: r%d, condition: \x27action.payload.service == \"service-%d\" && action.tenant.startsWith(\"ac\")\x27, action: {type: suppress}}\n", n, n }' > "$work/rules-$1/rules.yaml"
  [ "$1" -gt 0 ] || echo 'rules: []' > "$work/rules-$1/rules.yaml"
}
measure() { # COUNT
  local dir; dir=$(mktemp -d -p "$work")
  printf 'server.port = 18080\nserver.max_open_actions = 1000000\nrules.directory = "%s"\n[[providers]]\nname = "log"\ntype = "log"\n' "$work/rules-$1" > "$dir/acteon.toml"
  "$bin/acteon-server" -c "$dir/acteon.toml" --data-dir "$dir" > "$dir/out" 2> "$dir/log" & server=$!
  for _ in $(seq 400); do (exec 3<>/dev/tcp/127.0.0.1/18080) 2>/dev/null && break; sleep 0.05; done
  "$bin/load" 127.0.0.1:18080/v1/dispatch 64 1 log > /dev/null
  local before result; before=$(ticks)
  result=$("$bin/load" 127.0.0.1:18080/v1/dispatch 64 "$seconds" log)
  awk -v count="$1" -v result="$result" -v ticks="$(($(ticks) - before))" -v hertz="$(getconf CLK_TCK)" -v seconds="$seconds" \
    'BEGIN { split(result, part, " "); printf "%s %s %.1f\n", count, result, ticks / hertz * 1e6 / (part[1] * seconds) }' | tee -a "$work/results"
  stop
}

# Processor time of the gateway so far, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }

for count in 0 1000 10000; do rules $count; done
echo "rules requests/s p50-ms p99-ms failures cpu-us/action"
for round in $(seq "$rounds"); do
  # Whoever comes first in a round has it better or worse: take turns.
  case $((round % 3)) in 0) order="0 1000 10000" ;; 1) order="1000 10000 0" ;; *) order="10000 0 1000" ;; esac
  for count in $order; do measure "$count"; done
done
median() { awk -v count="$1" -v field="$2" '$1 == count { print $field }' "$work/results" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo
for count in 0 1000 10000; do
  awk -v count="$count" -v rate="$(median $count 2)" -v bare="$(median 0 2)" -v cpu="$(median $count 6)" -v least="$(median 0 6)" \
    'BEGIN { printf "  %6d rules %8d actions/s (%+.1f %%)   %6.1f us of processor time each (%+.1f %%)\n", count, rate, (rate / bare - 1) * 100, cpu, (cpu / least - 1) * 100 }'
done
