#!/usr/bin/env bash
# Runs a command beside a Slurm cluster of COUNT network namespaces, which lives as long as the command: srun in it
# reaches hosts mb1, mb2, ...
#
#   slurm.sh COUNT COMMAND...
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=bench/mpi/hosts.sh
. "$here/hosts.sh"

write_configuration() {
  cat >"$SLURM_CONF" <<CONF
ClusterName=modernbert
SlurmctldHost=$(hostname)($NET.254)
AuthInfo=socket=$cluster/munge.socket
SlurmUser=root
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool-%n
TmpFS=$cluster/tmp-%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd-%n.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/linear
NodeName=mb[1-$count] NodeAddr=$NET.[1-$count] CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
  echo "CgroupPlugin=cgroup/v1" >"$cluster/cgroup.conf"  # none is used, but one has to be named
}

start_daemons() {
  local i
  head -c 128 /dev/urandom >"$cluster/munge.key"
  chmod 400 "$cluster/munge.key"
  munged --force --key-file="$cluster/munge.key" --socket="$cluster/munge.socket" --pid-file="$cluster/munged.pid" \
    --log-file="$cluster/munged.log" --seed-file="$cluster/munge.seed" 2>/dev/null
  slurmctld
  for ((i = 1; i <= count; ++i)); do
    mkdir -p "$cluster/spool-mb$i" "$cluster/tmp-mb$i"
    on_host "$i" slurmd
  done
}

await_hosts() {
  local tries
  for ((tries = 0; tries < 100; ++tries)); do
    if [ "$(sinfo --noheader --format=%D --states=idle 2>/dev/null)" = "$count" ]; then return; fi
    sleep 0.2
  done
  cat "$cluster"/slurm*.log >&2
  echo "FAILED: Slurm does not see its hosts" >&2
  return 1
}

stop() {
  local file
  for file in "$cluster"/slurmctld.pid "$cluster"/munged.pid; do
    if [ -s "$file" ]; then kill "$(cat "$file")" || true; fi
  done
  remove_hosts "$count"
  rm -rf "$cluster"
}

count=$1
shift
for program in slurmctld slurmd srun munged; do
  command -v "$program" >/dev/null || skip "$program is not installed (packages slurm-wlm and munge)"
done
cluster=$(mktemp -d)
export SLURM_CONF=$cluster/slurm.conf
trap stop EXIT
mkdir "$cluster/state"
make_hosts "$count" full
write_configuration
start_daemons
await_hosts
"$@"
