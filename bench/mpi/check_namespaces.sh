#!/usr/bin/env bash
# check_namespaces.sh BIN: training over two network namespaces, with the programs in BIN. One process against two, a
# cable that is pulled, a process that is killed, the speed of sums. Exits with 1 where something is not as it should be.
set -euo pipefail
bin=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=bench/mpi/small_run.sh
. "$here/small_run.sh"

namespaces() { "$here/namespaces.sh" 2 "$@"; }

launch() { namespaces full "$@"; }

# Both processes have to end by themselves. mpirun waits for a daemon that it cannot reach: it gets the cable back.
pull_cable() {
  local start
  start=$(date +%s)
  ip link set mbveth2 down
  while [ -n "$(trainers mb1)$(trainers mb2)" ]; do
    sleep 0.2
    [ $(($(date +%s) - start)) -lt 60 ] || die "processes still run a minute after they lost each other"
  done
  echo "both processes have ended after $(($(date +%s) - start)) s"
  ip link set mbveth2 up
}

make_data
echo "== one process against two in two namespaces"
$(pretrain one) >/dev/null
# shellcheck disable=SC2046
launch $(pretrain two) >"$folder/out"
if grep '^skipped' "$folder/out"; then exit 0; fi
compare
echo "== the cable is pulled (distributed.timeout_s: $TIMEOUT_S)"
interrupt launch cable pull_cable
echo "== a process is killed"
interrupt launch killed kill_one
echo "== speed of sums"
for rate in full 10gbit 1gbit; do
  echo "cable: $rate"
  namespaces "$rate" "$bin/mpi/communicator_bench" 25 10
done
