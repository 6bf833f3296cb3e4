#!/usr/bin/env bash
# Network namespaces as hosts: COUNT of them, each with an address and a host name of its own, joined by a bridge.
# mpirun starts its daemons in them as it would by ssh, and the processes talk by TCP through virtual cables.
#
#   namespaces.sh COUNT RATE COMMAND...     RATE: of each cable, such as 1gbit, or "full"
set -euo pipefail

readonly NET=10.87.41 BRIDGE=mbbridge
readonly AGENT_MODE=--agent

skip() { echo "skipped: $*"; exit 0; }

# What mpirun calls in the place of ssh: HOST COMMAND...; the last number of the address is the namespace's.
agent() {
  local host=$1
  shift
  exec ip netns exec "mb${host##*.}" unshare --uts sh -c "hostname mb${host##*.}; exec $*"
}

clean() {
  local i
  for ((i = 1; i <= count; ++i)); do
    ip netns pids "mb$i" 2>/dev/null | xargs -r kill -9 || true  # daemons that mpirun could not reach
    ip link del "mbveth$i" 2>/dev/null || true
    ip netns del "mb$i" 2>/dev/null || true
  done
  ip link del "$BRIDGE" 2>/dev/null || true
}

add_host() {
  local i=$1 rate=$2
  ip netns add "mb$i"
  ip link add "mbveth$i" type veth peer name eth0 netns "mb$i"
  ip link set "mbveth$i" master "$BRIDGE" up
  ip -n "mb$i" addr add "$NET.$i/24" dev eth0
  ip -n "mb$i" link set eth0 up
  ip -n "mb$i" link set lo up
  [ "$rate" = full ] || limit_rate "mb$i" "$rate" || skip "this kernel cannot limit the rate of a cable (tc)"
}

limit_rate() { tc -n "$1" qdisc add dev eth0 root tbf rate "$2" burst 256kb latency 50ms 2>/dev/null; }

if [ "${1:-}" = "$AGENT_MODE" ]; then agent "${@:2}"; fi

count=$1 rate=$2
shift 2
command -v mpirun >/dev/null || skip "mpirun is not installed"
command -v ip >/dev/null || skip "ip is not installed (package iproute2)"
[ "$(id -u)" = 0 ] || skip "network namespaces need root"
clean
trap clean EXIT
ip link add "$BRIDGE" type bridge 2>/dev/null || skip "this kernel or container has no bridges"
ip addr add "$NET.254/24" dev "$BRIDGE"
ip link set "$BRIDGE" up
for ((i = 1; i <= count; ++i)); do add_host "$i" "$rate"; done
hosts=$(seq -f "$NET.%g:1" -s , 1 "$count")
# An absolute path: daemons start elsewhere. No routed daemons: each is a child of this script's agent.
mpirun --allow-run-as-root -n "$count" --host "$hosts" --bind-to none \
  --mca plm_rsh_agent "$(readlink -f "$0") $AGENT_MODE" --mca plm_rsh_no_tree_spawn 1 \
  --mca oob_tcp_if_include "$NET.0/24" --mca btl self,tcp --mca btl_tcp_if_include "$NET.0/24" "$@"
