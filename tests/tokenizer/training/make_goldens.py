#!/usr/bin/env python3
"""What Hugging Face's BpeTrainer makes of a text, beside what `modernbert train-tokenizer` makes of it.

  make_goldens.py                              writes golden.json in this folder (needs `tokenizers`)
  make_goldens.py PROGRAM VOCAB_SIZE JSONL...  trains both on the files, compares and times them; then lets `transformers`,
                                               where it is installed, load our folder and compares the ids of the first documents

golden.json: {"version", "texts", "vocab_size", "min_frequency", "tokens": by id, "merges"}. The text is made of few syllables, so that many pairs
have equal counts and many tokens can be spelt in two ways.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
SYLLABLES = ["ba", "ab", "a", "na", "nan", "an", "ab", "é", "e\u0301", "日本", "本", "12", "2", "'s", "..", "."]


def train(texts, vocab_size, min_frequency=0):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, min_frequency=min_frequency, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    return json.loads(tokenizer.to_str())["model"]


def by_id(model):
    return [token for token, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]


def write_golden():
    draw = random.Random(20240601)
    word = lambda: "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(1, 6)))
    texts = [" ".join(word() for _ in range(draw.randint(5, 60))) for _ in range(40)]
    model = train(texts, 700, 2)
    golden = {"version": tokenizers.__version__, "texts": texts, "vocab_size": 700, "min_frequency": 2, "tokens": by_id(model),
              "merges": model["merges"]}
    path = pathlib.Path(__file__).parent / "golden.json"
    path.write_text(json.dumps(golden, ensure_ascii=False) + "\n")


def compare(program, vocab_size, files):
    texts = [json.loads(line)["text"] for file in files for line in open(file)]
    start = time.time()
    theirs = train(texts, vocab_size)
    middle = time.time()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "train-tokenizer", "--vocab-size", str(vocab_size), "-o", folder, *files], check=True)
        seconds = time.time() - middle
        ours = json.load(open(folder + "/tokenizer.json"))["model"]
        equal = theirs["vocab"] == ours["vocab"] and theirs["merges"] == ours["merges"]
        print(f"{'equal' if equal else 'DIFFERENT'}; tokenizers {middle - start:.2f} s (texts already read), modernbert {seconds:.2f} s: "
              f"{(middle - start) / seconds:.1f} times as fast")
        try:
            from transformers import AutoTokenizer
        except ImportError:
            return equal
        loaded = AutoTokenizer.from_pretrained(folder)
        lines = [json.dumps({"text": text[:2000]}) for text in texts[:50]]
        out = subprocess.run([program, "tokenize", "-m", folder, "--json", "--jsonl", "text"], input="\n".join(lines), text=True,
                             check=True, capture_output=True).stdout
        same = [json.loads(line)["ids"] for line in out.splitlines()] == [loaded(text[:2000])["input_ids"] for text in texts[:50]]
        print(f"ids by transformers: {'equal' if same else 'DIFFERENT'}; mask token {loaded.mask_token_id}")
        return equal and same


if len(sys.argv) == 1:
    write_golden()
else:
    sys.exit(0 if compare(sys.argv[1], int(sys.argv[2]), sys.argv[3:]) else 1)
