#!/usr/bin/env bash
# check_namespaces.sh BIN: training over two network namespaces, with the programs in BIN. One process against two, a
# cable that is pulled, a process that is killed, the speed of sums. Exits with 1 where something is not as it should be.
set -euo pipefail
bin=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
readonly TIMEOUT_S=5

die() { echo "FAILED: $*" >&2; exit 1; }

namespaces() { "$here/namespaces.sh" 2 "$@"; }

make_data() {
  "$bin/modernbert" train-tokenizer --vocab-size 400 -o "$folder/tokenizer" "$here/../../docs/cli.md" --quiet
  "$bin/modernbert" tokenize-corpus --tokenizer "$folder/tokenizer" -o "$folder/corpus" --format paragraphs --held-out 0.1 \
    "$here/../../docs/cli.md" --quiet
  cat >"$folder/recipe.yaml" <<YAML
data: {sources: {path: $folder/corpus}, sequence_length: 64}
model: {hidden_size: 64, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 1, local_attention: 16}
batch: {sequences: 8, micro_batch: 2}
schedule: {kind: constant, tokens: 16k}
checkpoint: {every: 2}
compute: {dtype: fp32, threads: 1}
distributed: {bucket_mib: 0.05, timeout_s: $TIMEOUT_S}
YAML
}

pretrain() { echo "$bin/modernbert pretrain $folder/recipe.yaml --quiet --json --output $folder/$1 ${*:2}"; }

losses() { sed -n 's/.*"kind":"step".*"loss":\([^,]*\),.*/\1/p' "$folder/$1/metrics.jsonl"; }

compare() {
  local difference
  difference=$(paste <(losses one) <(losses two) |
    awk 'NF != 2 {exit 1} {d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d} END {print most + 0, NR}') ||
    die "one and two processes took different numbers of steps"
  echo "largest difference of a loss, and steps: $difference"
  awk -v d="${difference% *}" 'BEGIN {exit !(d < 2e-7)}' || die "the losses differ by more than 2e-7"
}

# interrupt RUN COMMAND...: runs the command in the middle of an endless run, which must end with an error.
interrupt() {
  local run=$1 mpirun start status=0
  shift
  # shellcheck disable=SC2046  # words
  namespaces full $(pretrain "$run" --set schedule.tokens=100M) >"$folder/out" 2>"$folder/err" &
  mpirun=$!
  until [ -n "$(ls "$folder/$run/checkpoints" 2>/dev/null)" ]; do sleep 0.2; done
  start=$(date +%s)
  "$@"
  wait "$mpirun" || status=$?
  grep '^modernbert:' "$folder/err" || true
  echo "ended with $status after $(($(date +%s) - start)) s"
  [ "$status" != 0 ] || die "no error"
  [ $(($(date +%s) - start)) -lt 60 ] || die "more than a minute"
  # shellcheck disable=SC2046
  $(pretrain "$run" --resume --set schedule.tokens=1) >/dev/null || die "the last checkpoint is damaged"
}

# trainers NAMESPACE: process ids of the program there.
trainers() {
  local process
  for process in $(ip netns pids "$1"); do
    if [ "$(cat "/proc/$process/comm" 2>/dev/null)" = modernbert ]; then echo "$process"; fi
  done
}

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

kill_one() { trainers mb2 | xargs kill -9; }

make_data
echo "== one process against two in two namespaces"
$(pretrain one) >/dev/null
# shellcheck disable=SC2046
namespaces full $(pretrain two) >"$folder/out"
if grep '^skipped' "$folder/out"; then exit 0; fi
compare
echo "== the cable is pulled (distributed.timeout_s: $TIMEOUT_S)"
interrupt cable pull_cable
echo "== a process is killed"
interrupt killed kill_one
echo "== speed of sums"
for rate in full 10gbit 1gbit; do
  echo "cable: $rate"
  namespaces "$rate" "$bin/mpi/communicator_bench" 25 10
done
