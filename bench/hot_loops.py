#!/usr/bin/env python3
"""What the inner loops of compiled kernels consist of.

A kernel whose instructions this CPU lacks cannot be timed, but its code can be read. Sums that the compiler copies from
register to register or to the stack show up here: GCC 12 once made 24 copies beside 12 multiply-adds.

    python3 bench/hot_loops.py build/release/src/CMakeFiles/mb_ops.dir/ops/attention/attention_kernels_fp32_avx512.cpp.o weigh_tiles
"""

import argparse
import re
import subprocess

JUMP = re.compile(r"j\w+\s+([0-9a-f]+)")
KINDS = {
    "multiply-adds": re.compile(r"(\{vex\}\s*)?(vfn?m(add|sub)\d+[ps][sd]|vdpbf16ps|vpdpbusd|vpmaddwd|tdp)"),
    "copies of registers": re.compile(r"vmov\w+\s+%[xyz]mm\d+,%[xyz]mm\d+$"),
    "loads from the stack": re.compile(r"vmov\w+\s+(-?0x[0-9a-f]+)?\(%r[sb]p\)"),
    "stores to it": re.compile(r"vmov\w+\s+%[xyz]mm\d+,(-?0x[0-9a-f]+)?\(%r[sb]p\)"),
}


def functions(object_file):
    """Yields (name, [(address, instruction)])."""
    command = ["objdump", "--disassemble", "--demangle", "--no-show-raw-insn", object_file]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for part in re.split(r"\n(?=[0-9a-f]+ <)", text):
        head, _, body = part.partition("\n")
        name = re.match(r"[0-9a-f]+ <(.*)>:", head)
        lines = re.findall(r"^\s*([0-9a-f]+):\s+(\S.*?)\s*$", body, re.MULTILINE)
        if name:
            yield name[1], [(int(address, 16), instruction) for address, instruction in lines]


def loops(code):
    """Ranges of indices from the target of a jump back to the jump."""
    index = {address: i for i, (address, _) in enumerate(code)}
    found = set()
    for end, (_, instruction) in enumerate(code):
        jump = JUMP.match(instruction)
        begin = index.get(int(jump[1], 16)) if jump else None
        if begin is not None and begin <= end:
            found.add((begin, end))
    return sorted(found)


def count(code, loop, kind):
    return sum(bool(KINDS[kind].match(instruction)) for _, instruction in code[loop[0] : loop[1] + 1])


def hot_loops(code, least):
    """Those with as many multiply-adds that hold no smaller such loop."""
    hot = [loop for loop in loops(code) if count(code, loop, "multiply-adds") >= least]
    return [a for a in hot if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in hot)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("object", help="object file")
    parser.add_argument("function", nargs="?", default="", help="part of the functions' names; all by default")
    parser.add_argument("--least", type=int, default=8, help="multiply-adds of a loop worth showing (8)")
    options = parser.parse_args()
    for name, code in functions(options.object):
        if options.function not in name:
            continue
        for loop in hot_loops(code, options.least):
            print(name.replace("modernbert::", "").replace("(anonymous namespace)::", ""))
            counts = ", ".join(f"{count(code, loop, kind)} {kind}" for kind in KINDS)
            print(f"  {loop[1] - loop[0] + 1} instructions: {counts}")


if __name__ == "__main__":
    main()
