#!/usr/bin/env python3
"""Writes data/tokenizers.json and data/goldens.jsonl: what Hugging Face `tokenizers` makes of awkward texts.

Needs `tokenizers` 0.23 (and numpy, which it imports for given words). Run it in this folder. The output depends only on
the seed and on that version, which is written into tokenizers.json.

tokenizers.json: {"version", "bases": {name: tokenizer.json}, "variants": {name: {"base", "patch"}}}; a patch replaces
top-level fields and, under "model", single fields of the model.
goldens.jsonl: one case a line; `expected` holds the encoding and, under "overflow", its further windows.
"""
import collections
import json
import random

import tokenizers
from tokenizers import Tokenizer, pre_tokenizers

SEED = 20240601
TRAINING_TEXT = [
    "The quick brown fox jumps over the lazy dog. The dog isn't amused; it's the king's dog, they'll say.",
    "for i in range(10): print(i, end='')  # counts\n    return value if value else None\n",
    "Ünïcödé tèxt, naïve café, Straße, наука и жизнь, 日本語のテキスト, 한국어 문장, हिन्दी पाठ",
    "the theory of the other things there, then them; the and and of of in in to to",
] * 3

WORD_PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] the quick brown fox jump ##s ##ed over lazy dog un ##aff ##able want ##ing runn , . ! ? ' - "
    "( ) a b c d e f g h i ##a ##b ##c ##d ##e ##f ##g ##h ##i cafe straße strasse 日 本 語 ##ü u ü na ##ive do not n ##' t s re ve "
    "i̇ istanbul İ ω 1 2 3 ##1 ##2 ##3 \u0915 ##\u0940 \u093f"
).split()

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def flags(content, token_id, **given):
    token = dict(id=token_id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {**token, **given}


def template(cls, sep, second_type):
    special = lambda name, kind: {"SpecialToken": {"id": name, "type_id": kind}}
    text = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    single = [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)]
    entry = lambda name, i: {"id": name, "ids": [i], "tokens": [name]}
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [text("B", second_type), special("[SEP]", second_type)],
            "special_tokens": {"[CLS]": entry("[CLS]", cls), "[SEP]": entry("[SEP]", sep)}}


def train_bpe(words, alphabet, merge_count, prefix="", suffix=""):
    """A small trainer of our own: the library's breaks ties by chance. Returns vocabulary and merges."""
    decorate = lambda word: [(prefix if k else "") + c + (suffix if k == len(word) - 1 else "") for k, c in enumerate(word)]
    sequences = [decorate(word) for word in words]
    vocab = {token: i for i, token in enumerate(sorted(alphabet | {t for s in sequences for t in s}))}
    merges = []
    for _ in range(merge_count):
        counts = collections.Counter(pair for s in sequences for pair in zip(s, s[1:]))
        left, right = min(counts, key=lambda pair: (-counts[pair], pair))
        merged = left + right[len(prefix):]
        vocab.setdefault(merged, len(vocab))
        merges.append((left, right))
        for s in sequences:
            for k in range(len(s) - 2, -1, -1):
                if k + 1 < len(s) and (s[k], s[k + 1]) == (left, right):
                    s[k:k + 2] = [merged]
    return vocab, merges


def words_of(pre_tokenizer):
    return [word for text in TRAINING_TEXT for word, _ in pre_tokenizer.pre_tokenize_str(text)]


def byte_level_base():
    pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocab, merges = train_bpe(words_of(pre_tokenizer), set(pre_tokenizers.ByteLevel.alphabet()), 160)
    n = len(vocab)
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [flags("[UNK]", n), flags("[CLS]", n + 1), flags("[SEP]", n + 2), flags("[PAD]", n + 3),
                             flags("[MASK]", n + 4, lstrip=True), flags("|||IP|||", n + 5, normalized=True, special=False),
                             flags("  ", n + 6, normalized=True, special=False),
                             flags("   ", n + 7, normalized=True, special=False)],
            "normalizer": {"type": "NFC"}, "pre_tokenizer": BYTE_LEVEL, "post_processor": template(n + 1, n + 2, 0),
            "decoder": BYTE_LEVEL, "model": bpe_model(vocab, [" ".join(m) for m in merges])}


def bpe_model(vocab, merges, **given):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": vocab, "merges": merges}
    return {**model, **given}


def word_piece_base():
    vocab = {}
    for piece in WORD_PIECES:
        vocab.setdefault(piece, len(vocab))
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [flags(t, vocab[t]) for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")],
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                           "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": template(vocab["[CLS]"], vocab["[SEP]"], 1),
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 12, "vocab": vocab}}


def char_bpe_base(prefix, suffix):
    vocab, merges = train_bpe([w for w in words_of(pre_tokenizers.Whitespace()) if w.isascii()], {"[UNK]"}, 60, prefix, suffix)
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [flags("[UNK]", vocab["[UNK]"])],
            "normalizer": None, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None,
            "decoder": {"type": "BPEDecoder", "suffix": suffix or "</w>"},
            "model": bpe_model(vocab, merges, unk_token="[UNK]", continuing_subword_prefix=prefix or None,
                               end_of_word_suffix=suffix or None)}


def variants(bases):
    n = len(bases["bytes"]["model"]["vocab"])
    cls, sep = ["[CLS]", n + 1], ["[SEP]", n + 2]
    before_bytes = lambda *steps: {"type": "Sequence", "pretokenizers": [*steps, BYTE_LEVEL]}
    roberta = lambda trim, prefix: {"type": "RobertaProcessing", "cls": cls, "sep": sep, "trim_offsets": trim,
                                    "add_prefix_space": prefix}
    prefixed = {**BYTE_LEVEL, "add_prefix_space": True}
    awkward = list(bases["bytes"]["added_tokens"])
    for content, given in {"lazy": dict(single_word=True), "fox": dict(lstrip=True, rstrip=True), "quick brown": {}, "\u00e9": {},
                           "e\u0301!": dict(normalized=False), "KING": {}}.items():
        known = bases["bytes"]["model"]["vocab"].get(content)
        token_id = known if known is not None else max(t["id"] for t in awkward) + 1
        awkward.append(flags(content, token_id, **{"normalized": True, "special": False, **given}))
    # The library splits everything at an added token that normalises to nothing, as runs of spaces do under Strip.
    no_space_runs = [t for t in bases["bytes"]["added_tokens"] if t["content"].strip()]
    plain = bases["plain_chars"]["model"]["vocab"]
    byte_tokens = {f"<0x{b:02X}>": len(plain) + b for b in range(256)}
    patches = {
        "bytes": ("bytes", {}),
        "bytes_prefix": ("bytes", {"pre_tokenizer": prefixed}),
        "bytes_no_regex": ("bytes", {"pre_tokenizer": {**prefixed, "use_regex": False}}),
        "bytes_added": ("bytes", {"added_tokens": awkward}),
        "bytes_added_lower": ("bytes", {"added_tokens": awkward, "normalizer": {"type": "Lowercase"}}),
        "nfd_strip_lower": ("bytes", {"added_tokens": no_space_runs, "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
            {"type": "Strip", "strip_left": True, "strip_right": True}]}}),
        "nfkc": ("bytes", {"normalizer": {"type": "NFKC"}}),
        "nfd": ("bytes", {"normalizer": {"type": "NFD"}}),
        "replace_prepend": ("bytes", {"added_tokens": no_space_runs, "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Replace", "pattern": {"String": "e"}, "content": "\u00e9\u0301x"},
            {"type": "Replace", "pattern": {"String": "  "}, "content": ""}, {"type": "Prepend", "prepend": "\u2581:"}]}}),
        "roberta": ("bytes", {"post_processor": roberta(True, True), "pre_tokenizer": prefixed}),
        "roberta_no_prefix": ("bytes", {"post_processor": roberta(True, False)}),
        "bert_processing": ("bytes", {"post_processor": {"type": "BertProcessing", "cls": cls, "sep": sep}}),
        "byte_level_processing": ("bytes", {"post_processor": prefixed}),
        "trim_then_template": ("bytes", {"post_processor": {"type": "Sequence", "processors": [
            prefixed, bases["bytes"]["post_processor"]]}}),
        "digits": ("bytes", {"pre_tokenizer": before_bytes({"type": "Digits", "individual_digits": True})}),
        "digits_contiguous": ("bytes", {"pre_tokenizer": before_bytes({"type": "Digits", "individual_digits": False})}),
        "whitespace_split": ("bytes", {"pre_tokenizer": before_bytes({"type": "WhitespaceSplit"})}),
        "punctuation_next": ("bytes", {"pre_tokenizer": before_bytes({"type": "Punctuation", "behavior": "MergedWithNext"})}),
        "punctuation_previous": ("bytes", {"pre_tokenizer": before_bytes({"type": "Punctuation", "behavior": "MergedWithPrevious"})}),
        "punctuation_contiguous": ("bytes", {"pre_tokenizer": before_bytes({"type": "Punctuation", "behavior": "Contiguous"})}),
        "punctuation_removed": ("bytes", {"pre_tokenizer": before_bytes({"type": "Punctuation", "behavior": "Removed"})}),
        "ignore_merges": ("bytes", {"model": {"ignore_merges": True}}),
        "word_piece": ("word_piece", {}),
        "word_piece_cased": ("word_piece", {"normalizer": {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False,
                                                           "strip_accents": True, "lowercase": False}}),
        "chars": ("chars", {}),
        "chars_fused": ("chars", {"model": {"fuse_unk": True}}),
        "chars_no_unknown": ("chars", {"model": {"unk_token": None}}),
        "chars_byte_fallback": ("plain_chars", {"model": {"byte_fallback": True, "vocab": {**plain, **byte_tokens}}}),
        "chars_some_bytes": ("plain_chars", {"model": {"byte_fallback": True, "vocab": {
            **plain, **{t: i for t, i in byte_tokens.items() if t < "<0xE3>"}}}}),
    }
    return {name: {"base": base, "patch": patch} for name, (base, patch) in patches.items()}


def build(bases, variant):
    result = json.loads(json.dumps(bases[variant["base"]]))
    for key, value in variant["patch"].items():
        if key == "model":
            result["model"].update(value)
        else:
            result[key] = value
    return result


def with_prefix_space(pre_tokenizer):
    if pre_tokenizer and pre_tokenizer["type"] == "Sequence":
        return {**pre_tokenizer, "pretokenizers": [with_prefix_space(p) for p in pre_tokenizer["pretokenizers"]]}
    if pre_tokenizer and pre_tokenizer["type"] == "ByteLevel":
        return {**pre_tokenizer, "add_prefix_space": True}
    return pre_tokenizer


FRAGMENTS = [
    "the quick brown fox", "dogs", "The dog isn't", "lazy", "lazyx", "KING", "king's", "don't", "they'll", "unaffable", "wanting", "running",
    " ", "  ", "   ", "    ", "\t", "\n\n", "\r\n", "\u00a0", "\u3000", "\u2003x", "\u0085", "\u200b", "\ufeff", "\u0000", "\u0007", "\u007f",
    "\ufffd", "[MASK]", "[CLS]", "[SEP]", "|||IP|||", "caf\u00e9", "cafe\u0301", "e\u0301!", "x\u0323\u0301\u0302", "\u0301\u0323", "A\u030a\u0327", "\u1e9b\u0323",
    "\ufb01ne", "\u2460\u00bd\u00b2", "\u212b\u2126", "Stra\u00dfe", "\u1e9e", "\u0130stanbul", "\u03a3\u03c2", "\u65e5\u672c\u8a9e", "\uf900\u2f800", "\U00020000", "\ud55c\uad6d\uc5b4",
    "\u1112\u1161\u11ab", "\uac00\u11a7\u11a8", "\u0915\u093c\u0940", "\u0958", "\u0b47\u0b56", "\U0001d15e", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "\u0e01\u0e33", "\u0f71\u0f74\u0f72",
    "12345", "\u0663\u0664", "\u2167", "3.14", "a_b", "f(x)!='y'", "-->", "\u00bfqu\u00e9?", "\u2019s", "_\u203f", "$", "\u20ac", "\u00ad", "\U000e0001", "\ue000",
    "antidisestablishmentarianism", "\u0378", "\U0001e4ec", "\U00016ea0", "\U00010d50", "\u0345a", "\u1fb3\u0301",
]


def random_text(rng, longest=7):
    return "".join(rng.choice(FRAGMENTS) for _ in range(rng.randint(0, longest)))


def as_json(encoding):
    ids_or = lambda values: [-1 if v is None else v for v in values]
    return {"ids": encoding.ids, "tokens": encoding.tokens, "offsets": [list(o) for o in encoding.offsets],
            "type_ids": encoding.type_ids, "special": encoding.special_tokens_mask, "word_ids": ids_or(encoding.word_ids),
            "sequence_ids": ids_or(encoding.sequence_ids)}


def run(tok, case):
    tok.no_truncation()
    if "max_length" in case:
        tok.enable_truncation(case["max_length"], stride=case["stride"], strategy=case["strategy"], direction=case["side"])
    if "words" in case:
        encoding = tok.encode(case["words"], is_pretokenized=True)
    else:
        encoding = tok.encode(case["text"], case.get("pair"), add_special_tokens=case.get("add_special_tokens", True))
    expected = as_json(encoding)
    if "max_length" in case:
        expected["overflow"] = [as_json(window) for window in encoding.overflowing]
    return expected


def cases_of(rng, name):
    for _ in range(12):
        yield {"text": random_text(rng)}
    for _ in range(2):
        yield {"words": [random_text(rng, 2) for _ in range(rng.randint(1, 4))]}
    if name in ("bytes", "word_piece", "roberta", "bert_processing", "roberta_no_prefix"):
        for _ in range(12):
            case = {"text": random_text(rng, 4), "max_length": rng.randint(6, 14), "stride": rng.randint(0, 2), "side": rng.choice(["left", "right"]),
                    "strategy": rng.choice(["longest_first", "longest_first", "only_first", "only_second"]),
                    "add_special_tokens": rng.random() < 0.8}
            if rng.random() < 0.7:
                case["pair"] = random_text(rng, 4)
            yield case


def main():
    rng = random.Random(SEED)
    bases = {"bytes": byte_level_base(), "word_piece": word_piece_base(), "chars": char_bpe_base("##", "</w>"),
             "plain_chars": char_bpe_base("", "")}
    named = variants(bases)
    with open("data/tokenizers.json", "w") as out:
        json.dump({"version": f"tokenizers {tokenizers.__version__}, seed {SEED}", "bases": bases, "variants": named}, out)
        out.write("\n")
    with open("data/goldens.jsonl", "w") as out:
        for name, variant in named.items():
            spec = build(bases, variant)
            tok = Tokenizer.from_str(json.dumps(spec))
            word_tok = Tokenizer.from_str(json.dumps({**spec, "pre_tokenizer": with_prefix_space(spec["pre_tokenizer"])}))
            for case in cases_of(rng, name):
                try:
                    expected = run(word_tok if "words" in case else tok, case)
                except BaseException:  # the library panics on strides and texts that leave nothing to cut
                    continue
                line = {"tokenizer": name, **case, "expected": expected}
                if "words" not in case and "pair" not in case and "max_length" not in case:
                    line["decoded"] = tok.decode(expected["ids"], skip_special_tokens=True)
                    line["decoded_with_special"] = tok.decode(expected["ids"], skip_special_tokens=False)
                out.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
