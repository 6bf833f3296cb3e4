#!/usr/bin/env bash
# Runs a command by mpirun on COUNT network namespaces. mpirun starts its daemons in them as it would by ssh, and the
# processes talk by TCP through virtual cables.
#
#   namespaces.sh COUNT RATE COMMAND...     RATE: of each cable, such as 1gbit, or "full"
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=bench/mpi/hosts.sh
. "$here/hosts.sh"

readonly AGENT_MODE=--agent

# What mpirun calls in the place of ssh: HOST COMMAND...; the last number of the address is the namespace's.
if [ "${1:-}" = "$AGENT_MODE" ]; then
  on_host "${2##*.}" "${*:3}"
  exit
fi

count=$1 rate=$2
shift 2
command -v mpirun >/dev/null || skip "mpirun is not installed"
trap 'remove_hosts "$count"' EXIT
make_hosts "$count" "$rate"
hosts=$(seq -f "$NET.%g:1" -s , 1 "$count")
# An absolute path: daemons start elsewhere. No routed daemons: each is a child of this script's agent.
mpirun --allow-run-as-root -n "$count" --host "$hosts" --bind-to none \
  --mca plm_rsh_agent "$(readlink -f "$0") $AGENT_MODE" --mca plm_rsh_no_tree_spawn 1 \
  --mca oob_tcp_if_include "$NET.0/24" --mca btl self,tcp --mca btl_tcp_if_include "$NET.0/24" "$@"
