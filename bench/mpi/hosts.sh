# shellcheck shell=bash
# Sourced: network namespaces as hosts, joined by a bridge, each with a network address of its own. Host i is namespace
# mb$i at $NET.$i; $NET.254 is the machine that they are on.

readonly NET=10.87.41 BRIDGE=mbbridge

skip() { echo "skipped: $*"; exit 0; }

limit_rate() { tc -n "$1" qdisc add dev eth0 root tbf rate "$2" burst 256kb latency 50ms 2>/dev/null; }

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

# make_hosts COUNT RATE: rate of each cable, such as 1gbit, or "full".
make_hosts() {
  local i
  command -v ip >/dev/null || skip "ip is not installed (package iproute2)"
  [ "$(id -u)" = 0 ] || skip "network namespaces need root"
  remove_hosts "$1"
  ip link add "$BRIDGE" type bridge 2>/dev/null || skip "this kernel or container has no bridges"
  ip addr add "$NET.254/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  for ((i = 1; i <= $1; ++i)); do add_host "$i" "$2"; done
}

remove_hosts() {
  local i
  for ((i = 1; i <= $1; ++i)); do
    ip netns pids "mb$i" 2>/dev/null | xargs -r kill -9 || true  # daemons that mpirun could not reach
    ip link del "mbveth$i" 2>/dev/null || true
    ip netns del "mb$i" 2>/dev/null || true
  done
  ip link del "$BRIDGE" 2>/dev/null || true
}

# on_host I COMMAND: under a host name of its own. COMMAND is the shell's.
on_host() { ip netns exec "mb$1" unshare --uts sh -c "hostname mb$1; exec $2"; }
