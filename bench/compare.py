#!/usr/bin/env python3
"""Compares the speed of two builds of modernbert, or of modernbert and other engines, on one machine.

A machine's speed drifts, so the programs take turns; each one's best round counts.

  compare.py builds --program build/release/bin/modernbert --other OTHER/modernbert --rounds 3
  compare.py peers --program build/release/bin/modernbert --script cpu_throughput.py --python VENV/bin/python
  compare.py training --program build/release/bin/step_bench --script cpu_training.py --python VENV/bin/python
"""
import argparse
import json
import os
import subprocess
import sys

WORKLOADS = ["queries", "fixed512", "mixed", "long2048", "long8192"]


def speed(program, workload, dtype, arguments):
    """One run of `modernbert bench`: its JSON object."""
    command = [program, "bench", "--json", "--quiet", "--workload", workload, "--dtype", dtype, *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"compare: {' '.join(command)}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def print_table(header, rows):
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |")


def compare_builds(options):
    rows = []
    for dtype in options.dtypes:
        for workload in options.workloads:
            best = {}
            for _ in range(options.rounds):
                for name, program in (("ours", options.program), ("other", options.other)):
                    run = speed(program, workload, dtype, ["--seconds", str(options.seconds)])
                    best[name] = max(best.get(name, 0), run["tokens_per_s"])
            rows.append([workload, dtype, f"{best['other']:.0f}", f"{best['ours']:.0f}",
                         f"{best['ours'] / best['other']:.3f}"])
            print(f"{workload} {dtype}: {rows[-1][2]} tokens/s before, {rows[-1][3]} now", file=sys.stderr)
    print_table(["workload", "dtype", "before, tokens/s", "now, tokens/s", "ratio"], rows)


def peer_speeds(options, engine, workload):
    """Best tokens/s of one engine, or None where it fails (out of memory, not installed)."""
    command = [options.python, options.script, "--engines", engine, "--workloads", workload,
               "--seconds", str(options.seconds)]
    result = subprocess.run(command, capture_output=True, text=True)
    speeds = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return max((line["tokens_per_s"] for line in speeds if "tokens_per_s" in line), default=None)


def compare_peers(options):
    rows = []
    for workload in options.workloads:
        for engine in options.engines:
            dtype = engine.rsplit("-", 1)[1]
            ours, peer = 0, None
            for _ in range(options.rounds):
                ours = max(ours, speed(options.program, workload, dtype,
                                       ["--seconds", str(options.seconds)])["tokens_per_s"])
                found = peer_speeds(options, engine, workload)
                peer = max(filter(None, (peer, found)), default=None)
            rows.append([workload, engine, f"{peer:.0f}" if peer else "failed", f"{ours:.0f}",
                         f"{ours / peer:.2f}" if peer else ""])
            print(f"{workload} {engine}: {rows[-1][2]} tokens/s, ours {rows[-1][3]}", file=sys.stderr)
    print_table(["workload", "engine", "its tokens/s", "ours in the same type", "ratio"], rows)


def measured_step(command):
    """The JSON object of a program that measures training steps."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"compare: {' '.join(command)}: {result.stderr.strip()}")
    return json.loads(result.stdout.splitlines()[-1])


def compare_training(options):
    rows = []
    for shape in options.shapes:
        for lengths in ("fixed", "ragged"):
            for dtype in options.dtypes:
                ours = [options.program, shape, lengths, dtype, str(options.steps), str(options.threads)]
                peer = [options.python, options.script, "--shapes", shape, "--dtypes", dtype, "--steps",
                        str(options.steps), "--threads", str(options.threads),
                        *(["--ragged"] if lengths == "ragged" else [])]
                found = {"ours": [], "peer": []}
                for _ in range(options.rounds):
                    found["ours"].append(measured_step(ours))
                    found["peer"].append(measured_step(peer))
                mine, its = (max(found[who], key=lambda run: run["tokens_per_s"]) for who in ("ours", "peer"))
                rows.append([shape, lengths, dtype, f"{its['tokens_per_s']:.0f}", f"{mine['tokens_per_s']:.0f}",
                             f"{mine['tokens_per_s'] / its['tokens_per_s']:.2f}", f"{mine['share_of_peak']:.0%}",
                             its["peak_rss_mb"], mine["peak_rss_mb"]])
                print(f"{shape} {lengths} {dtype}: torch {rows[-1][3]} tokens/s, ours {rows[-1][4]}", file=sys.stderr)
    print_table(["shape", "lengths", "dtype", "torch, tokens/s", "ours", "ratio", "of peak", "torch, MB", "ours, MB"],
                rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["builds", "peers", "training"])
    parser.add_argument("--program", required=True, help="the modernbert to judge; training: the step_bench")
    parser.add_argument("--other", help="builds: the modernbert to compare with")
    parser.add_argument("--script", help="peers: the script that measures the other engines")
    parser.add_argument("--python", default=sys.executable, help="peers: an interpreter that has them")
    parser.add_argument("--engines", nargs="+", default=["torch-fp32", "torch-bf16", "ort-fp32", "ort-int8",
                                                         "ov-fp32", "ov-bf16"])
    parser.add_argument("--workloads", nargs="+", default=WORKLOADS)
    parser.add_argument("--dtypes", nargs="+", default=["bf16"])
    parser.add_argument("--shapes", nargs="+", default=["nano", "base"], help="training: the models")
    parser.add_argument("--steps", type=int, default=4, help="training: steps of one measurement")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="training: of either program")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3, help="least time of one measurement")
    options = parser.parse_args()
    {"builds": compare_builds, "peers": compare_peers, "training": compare_training}[options.what](options)


if __name__ == "__main__":
    main()
