# shellcheck shell=bash
# Sourced: a training run that takes a second, and what is checked of it. Needs $bin, the folder of the programs.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
readonly TIMEOUT_S=5

die() { echo "FAILED: $*" >&2; exit 1; }

make_data() {
  local text
  text=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../docs/cli.md
  "$bin/modernbert" train-tokenizer --vocab-size 400 -o "$folder/tokenizer" "$text" --quiet >/dev/null
  "$bin/modernbert" tokenize-corpus --tokenizer "$folder/tokenizer" -o "$folder/corpus" --format paragraphs --held-out 0.1 \
    "$text" --quiet >/dev/null
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

# pretrain RUN OPTION...: the command, in words without blanks.
pretrain() { echo "$bin/modernbert pretrain $folder/recipe.yaml --quiet --json --output $folder/$1 ${*:2}"; }

losses() { sed -n 's/.*"kind":"step".*"loss":\([^,]*\),.*/\1/p' "$folder/$1/metrics.jsonl"; }

# Runs "one" and "two" are the same but for the order of sums.
compare() {
  local difference
  difference=$(paste <(losses one) <(losses two) |
    awk 'NF != 2 {exit 1} {d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d} END {print most + 0, NR}') ||
    die "one and two processes took different numbers of steps"
  echo "largest difference of a loss, and steps: $difference"
  awk -v d="${difference% *}" 'BEGIN {exit !(d < 2e-7)}' || die "the losses differ by more than 2e-7"
}

await_checkpoint() {
  until [ -n "$(ls "$folder/$1/checkpoints" 2>/dev/null)" ]; do sleep 0.2; done
}

# The last checkpoint of a run can be gone on with, here by one process.
resume() {
  # shellcheck disable=SC2046  # words
  $(pretrain "$1" --resume --set schedule.tokens=1) >/dev/null || die "the last checkpoint is damaged"
}

# trainers NAMESPACE: process ids of the program there.
trainers() {
  local process
  for process in $(ip netns pids "$1"); do
    if [ "$(cat "/proc/$process/comm" 2>/dev/null)" = modernbert ]; then echo "$process"; fi
  done
}

kill_one() { trainers mb2 | xargs kill -9; }

# interrupt LAUNCHER RUN COMMAND...: runs the command in the middle of an endless run, which must end with an error.
interrupt() {
  local launcher=$1 run=$2 process start status=0
  shift 2
  # shellcheck disable=SC2046
  "$launcher" $(pretrain "$run" --set schedule.tokens=100M) >"$folder/out" 2>"$folder/err" &
  process=$!
  await_checkpoint "$run"
  start=$(date +%s)
  "$@"
  wait "$process" || status=$?
  grep '^modernbert:' "$folder/err" || true
  echo "ended with $status after $(($(date +%s) - start)) s"
  [ "$status" != 0 ] || die "no error"
  [ $(($(date +%s) - start)) -lt 60 ] || die "more than a minute"
  resume "$run"
}
