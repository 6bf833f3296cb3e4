"""Reads a run's files with the libraries whose formats they are in: TensorBoard's events, transformers' model folder.

    python peer_checks.py --run OUTPUT --program build/release/bin/modernbert

Exit code 1 and a line for the first thing that differs.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import torch
import transformers
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def check(ok, text):
    print(("ok      " if ok else "FAILED  ") + text)
    if not ok:
        sys.exit(1)


def check_events(run):
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    for tag, key in (("train/loss", "loss"), ("train/learning_rate", "learning_rate"), ("train/tokens", "tokens")):
        steps = [json.loads(line) for line in (run / "metrics.jsonl").open()]
        want = [(s["step"], s[key]) for s in steps if s["kind"] == "step"]
        found = [(e.step, e.value) for e in events.Scalars(tag)]
        same = len(found) == len(want) and all(
            a[0] == b[0] and abs(a[1] - b[1]) <= 1e-6 * abs(b[1]) for a, b in zip(found, want))
        check(same, f"TensorBoard reads {len(found)} values of {tag}")


def check_model(folder, program):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model, info = transformers.AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    missing = {k: v for k, v in info.items() if v and k in ("missing_keys", "unexpected_keys", "mismatched_keys")}
    check(not missing, f"transformers loads {folder.name} whole {missing or ''}")
    text = "The capital of [MASK] is a city."
    ids = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = model(**ids).logits[0]
    row = int((ids["input_ids"][0] == tokenizer.mask_token_id).nonzero()[0, 0])
    probabilities = logits[row].double().softmax(-1)
    command = [program, "fill-mask", "--model", folder, "--dtype", "fp32", "--top-k", "5", "--json", text]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    worst = max(abs(g["score"] - float(probabilities[g["token"]])) for g in ours)
    check(worst < 1e-5, f"transformers and we agree on 5 probabilities (largest difference {worst:.1e})")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    check_events(options.run)
    check_model(options.run / "model", options.program)
    check_model(sorted((options.run / "checkpoints").iterdir())[-1], options.program)


main()
