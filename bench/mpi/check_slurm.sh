#!/usr/bin/env bash
# check_slurm.sh BIN: training under srun on two hosts of a small cluster, with the programs in BIN. One process against
# two, a signal before the time limit, a process that is killed. Exits with 1 where something is not as it should be.
#
# Starts itself again beside the cluster.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
if [ "${2:-}" != --beside-cluster ]; then exec "$here/slurm.sh" 2 "$0" "$1" --beside-cluster; fi
bin=$(readlink -f "$1")
# shellcheck source=bench/mpi/small_run.sh
. "$here/small_run.sh"

launch() { srun --mpi=pmix -N 2 -n 2 "$@"; }

# As with --signal=USR1@120: all processes stop with a checkpoint. The code is the signal's, or SIGTERM's of a process
# that heard of it from another first.
signal() {
  local process status=0
  # shellcheck disable=SC2046
  launch $(pretrain signalled --set schedule.tokens=100M) >"$folder/out" &
  process=$!
  await_checkpoint signalled
  scancel --signal=USR1 "$(squeue --noheader --format=%i)"
  wait "$process" || status=$?
  echo "ended with $status"
  [ "$status" = 138 ] || [ "$status" = 143 ] || die "another code than a signal's"
  resume signalled
}

make_data
echo "== one process against two under Slurm"
$(pretrain one) >/dev/null
# shellcheck disable=SC2046
launch $(pretrain two) >/dev/null
compare
echo "== a signal"
signal
echo "== a process is killed"
interrupt launch killed kill_one
