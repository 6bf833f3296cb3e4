"""What --dtype bf16 and int8 cost on trained weights, as a Markdown table.

    python bench/int8_quality.py --model-nano models/nano --text TEXT [TEXT...]
    python bench/int8_quality.py --sentence-model FOLDER --pairs PAIRS.csv

Masked LM (--model-nano, --text): mean negative log-probability of the true tokens behind [MASK]; the same masks in every
dtype. TEXT is plain text or JSON Lines with a field "text"; every file gives the same number of passages.
The score of every vocabulary entry is asked for, so that the true token is always among the answers: about 2.5 MB of
JSON per mask and dtype for a vocabulary of 8,192.

Sentence embeddings (--sentence-model, --pairs): cosine of each sentence's embedding with its fp32 one, and Spearman's rank
correlation of the pairs' cosines with the gold scores. PAIRS.csv: sentence, sentence, score in each row, no header.

Needs only Python's standard library.
"""

import argparse
import csv
import json
import math
import pathlib
import random
import subprocess
import tempfile

DTYPES = ["fp32", "bf16", "int8"]


class Program:
    def __init__(self, path, threads):
        self.path, self.threads = path, threads

    def lines(self, verb, model, texts, *options):
        """One JSON value per text."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            for text in texts:
                file.write(json.dumps({"text": text}) + "\n")
            file.flush()
            command = [self.path, verb, "--model", model, "--jsonl", "text", "--input", file.name, "--json"]
            command += ["--threads", str(self.threads), *options]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
                for line in process.stdout:
                    yield json.loads(line)
            if process.returncode:
                raise SystemExit(f"{verb} failed with code {process.returncode}")


# Masked LM


def documents(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if not str(path).endswith(".jsonl"):
        return [text]
    return [json.loads(line)["text"] for line in text.splitlines()]


def passages(paths, count, characters, rng):
    """`count` passages from random places of the files, starting and ending between words."""
    files = [[d for d in documents(path) if len(d) > 2 * characters] for path in paths]
    found = []
    for i in range(count):
        document = rng.choice(files[i % len(files)])
        start = rng.randrange(len(document) - characters)
        words = document[start : start + characters].split(" ")
        found.append(" ".join(words[1:-1]).strip())
    return [p for p in found if p and "[MASK]" not in p]


def mask(text, encoding, fraction, rng):
    """The text with [MASK] in place of some tokens, and the ids that were there."""
    spans = [(tuple(o), i) for o, i in zip(encoding["offsets"], encoding["ids"]) if o[0] < o[1]]
    # A character whose bytes are several tokens cannot be masked in part.
    spans = [s for k, s in enumerate(spans) if all(s[0] != t[0] for t in spans[max(k - 1, 0) : k + 2] if t is not s)]
    chosen = sorted(rng.sample(spans, max(1, round(fraction * len(spans)))))
    parts, end = [], 0
    for (begin, stop), _ in chosen:
        parts += [text[end:begin], " [MASK]" if text[begin] == " " else "[MASK]"]
        end = stop
    return "".join(parts + [text[end:]]), [i for _, i in chosen]


def masked_texts(program, model, args):
    rng = random.Random(args.seed)
    texts = passages(args.text, args.windows, args.characters, rng)
    masked = [mask(t, e, args.fraction, rng) for t, e in zip(texts, program.lines("tokenize", model, texts))]
    return [m for m in masked if m[0].count("[MASK]") == len(m[1])]


def token_losses(program, model, dtype, masked):
    losses = []
    texts = [text for text, _ in masked]
    answers = program.lines("fill-mask", model, texts, "--dtype", dtype, "--top-k", str(1 << 20))
    for (_, truth), answer in zip(masked, answers, strict=True):
        per_mask = answer if isinstance(answer[0], list) else [answer]
        for token, filled in zip(truth, per_mask, strict=True):
            score = next(f["score"] for f in filled if f["token"] == token)
            losses.append(-math.log(max(score, 1e-38)))
    return losses


def report_masked_lm(program, args):
    masked = masked_texts(program, args.model_nano, args)
    count = sum(len(truth) for _, truth in masked)
    print(f"Masked LM: {count} masks in {len(masked)} windows of {args.characters} characters, seed {args.seed}.\n")
    print("| dtype | loss, nats | against fp32 | ± (standard error) |\n|---|---|---|---|")
    reference = None
    for dtype in DTYPES:
        losses = token_losses(program, args.model_nano, dtype, masked)
        reference = reference or losses
        mean, base = sum(losses) / count, sum(reference) / count
        differences = [a - b for a, b in zip(losses, reference)]
        spread = math.sqrt(sum((d - (mean - base)) ** 2 for d in differences) / (count - 1) / count)
        print(f"| {dtype} | {mean:.4f} | {100 * (mean / base - 1):+.2f} % | {100 * spread / base:.2f} % |", flush=True)
    print()


# Sentence embeddings


def cosine(a, b):
    dot = lambda x, y: sum(map(float.__mul__, x, y))
    return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))


def ranks(values):
    """Ranks from 1; equal values share their mean rank."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for k in order[first : last + 1]:
            result[k] = (first + last) / 2 + 1
        first = last + 1
    return result


def spearman(a, b):
    a, b = ranks(a), ranks(b)
    mean = (len(a) + 1) / 2
    return cosine([x - mean for x in a], [x - mean for x in b])


def report_embeddings(program, args):
    with open(args.pairs, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[: args.max_pairs]
    sentences = [row[side] for row in rows for side in (0, 1)]
    gold = [float(row[2]) for row in rows]
    print(f"Embeddings: {len(rows)} pairs.\n")
    print("| dtype | cosine to fp32: mean | minimum | Spearman with gold | against fp32 | Spearman with fp32's |")
    print("|---|---|---|---|---|---|")
    reference = None
    for dtype in DTYPES:
        embeddings = [x["embedding"] for x in program.lines("embed", args.sentence_model, sentences, "--dtype", dtype)]
        similarity = [cosine(a, b) for a, b in zip(embeddings[::2], embeddings[1::2])]
        reference = reference or (embeddings, similarity)
        same = [cosine(a, b) for a, b in zip(embeddings, reference[0])]
        rho, base = spearman(similarity, gold), spearman(reference[1], gold)
        print(
            f"| {dtype} | {sum(same) / len(same):.5f} | {min(same):.5f} | {rho:.4f} | {rho - base:+.4f} "
            f"| {spearman(similarity, reference[1]):.5f} |",
            flush=True,
        )
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/modernbert", help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model-nano", metavar="FOLDER", help="a masked language model")
    parser.add_argument("--text", nargs="+", metavar="FILE", help="plain text, or .jsonl with a field text")
    parser.add_argument("--windows", type=int, default=60, help="passages in all, taken from the files in turn")
    parser.add_argument("--characters", type=int, default=300, help="of a passage")
    parser.add_argument("--fraction", type=float, default=0.15, help="of the tokens that are masked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sentence-model", metavar="FOLDER", help="a sentence-transformers folder")
    parser.add_argument("--pairs", metavar="FILE", help="CSV: sentence, sentence, score")
    parser.add_argument("--max-pairs", type=int, default=1500)
    args = parser.parse_args()
    if bool(args.model_nano) != bool(args.text) or bool(args.sentence_model) != bool(args.pairs):
        parser.error("--model-nano goes with --text, --sentence-model with --pairs")
    program = Program(args.program, args.threads)
    if args.model_nano:
        report_masked_lm(program, args)
    if args.sentence_model:
        report_embeddings(program, args)


if __name__ == "__main__":
    main()
