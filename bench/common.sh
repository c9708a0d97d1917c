# What the scripts that compare gateways with bare programs share. They set `work`, a folder of their own, and `bin`.
pids=()
stop() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done; pids=(); }
wait_for() { for _ in $(seq 200); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nothing listens on $1" >&2; exit 1; }
fake() { "$bin/fake" "$1" "$2" & pids+=($!); wait_for "$1"; } # PORT MILLISECONDS
wechat() { # FAKE_PORT
  cat <<TOML
[[providers]]
name = "wechat"
type = "wechat"
wechat.corp_id = "ww0123456789abcdef"
wechat.corp_secret = "bench-secret"
wechat.agent_id = 1000002
wechat.api_base_url = "http://127.0.0.1:$1"
TOML
}
note() { echo "$1 $2" >> "$work/results"; printf '%-26s %s\n' "$1" "$2"; }
median() { awk -v name="$1" -v field="${2:-2}" '$1 == name { print $field }' "$work/results" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
