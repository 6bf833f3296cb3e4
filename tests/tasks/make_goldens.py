"""Writes tests/tasks/goldens: tiny random checkpoints and what Hugging Face's pipelines and sentence-transformers say.

    pip install torch==2.15.0 transformers==4.57.3 sentence-transformers==6.2.0
    python tests/tasks/make_goldens.py          (from the repository's root)

transformers 4.57 is the last line with a question-answering pipeline. Weights are seeded random numbers, larger than
usual so that answers differ. Each folder holds a checkpoint and cases.json; tokenizers lie in folders of their own and
are linked in by the test ("tokenizer" in cases.json). Versions used are in versions.json.
"""

import json
import pathlib
import shutil
import tempfile

import sentence_transformers
import tokenizers
import torch
import transformers
from sentence_transformers import CrossEncoder, MultiVectorEncoder, SentenceTransformer
from sentence_transformers.util import quantize_embeddings
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForTokenClassification,
    ModernBertConfig,
    ModernBertForMaskedLM,
    ModernBertForMultipleChoice,
    ModernBertForQuestionAnswering,
    ModernBertForSequenceClassification,
    ModernBertForTokenClassification,
    ModernBertModel,
    PreTrainedTokenizerFast,
    pipeline,
)

ROOT = pathlib.Path(__file__).parent / "goldens"
SPECIAL = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "mask_token": "[MASK]"}
TEXTS = [
    "Marie Curie was born in Warsaw and moved to Paris in 1891.",
    "The quick brown fox jumps over the lazy dog; the dog, surprised, barks!",
    "def area(radius): return 3.14159 * radius ** 2",
    "Ünïcödé — naïve café in Zürich, and a smile 🙂.",
    "a",
    "McDonald's re-opened O'Hare's terminal-3 restaurant on Monday morning, officials said yesterday.",
]
LONG = " ".join(
    f"Station {i} lies {37 * i % 101} km north of the river, and its keeper is {name}."
    for i, name in enumerate(["Anna", "Boris", "Chen", "Dmitri", "Elena", "Farid", "Grace", "Hiro"] * 2)
)
CONTEXTS = [TEXTS[0], TEXTS[5], LONG, TEXTS[3]]
QUESTIONS = ["Where was Marie Curie born?", "Who re-opened it?", "Who is the keeper of station 3?", "Where?"]


def bpe_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=list(SPECIAL.values()), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False)
    tokenizer.train_from_iterator(TEXTS + QUESTIONS + [LONG], trainer)
    return finish(tokenizer, "tokenizer_bpe", ["input_ids", "attention_mask"])


def wordpiece_tokenizer():
    """Not trained: the trainer breaks ties at random. A few words, and the characters of all texts but some symbols."""
    words = "marie curie was born in and moved to paris quick fox dog def return re open ##ed terminal officials said station lies km"
    words += " north of the river its keeper is who where ##in ##er ##ay ##on hare day morning restaurant"
    normalizer = normalizers.BertNormalizer()
    text = "".join(normalizer.normalize_str(line) for line in TEXTS + QUESTIONS + [LONG])
    characters = sorted({c for c in text if not c.isspace() and c not in "—🙂"})
    pieces = list(SPECIAL.values()) + characters + ["##" + c for c in characters if c.isalnum()] + words.split()
    tokenizer = Tokenizer(models.WordPiece(
        {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL.values()))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return finish(tokenizer, "tokenizer_wordpiece", ["input_ids", "token_type_ids", "attention_mask"])


def finish(tokenizer, name, inputs):
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=512, model_input_names=inputs,
        clean_up_tokenization_spaces=False, **SPECIAL)
    fast.save_pretrained(ROOT / name)
    (ROOT / name / "special_tokens_map.json").unlink()
    return fast


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 2:
                scale = 1.0 if "embeddings" in name else 1.6 / parameter.shape[1] ** 0.5
                parameter.copy_(noise * scale)
            else:
                parameter.copy_(noise * 0.1 + (1.0 if name.endswith(("norm.weight", "Norm.weight")) else 0.0))
            # What the file will hold: half precision, widened again.
            parameter.copy_(parameter.half().float())
    return model.eval()


def modernbert(tokenizer, cls, seed, **fields):
    config = ModernBertConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
        local_attention=16, max_position_embeddings=512, global_attn_every_n_layers=3, classifier_pooling="mean",
        reference_compile=False,
        pad_token_id=tokenizer.pad_token_id, cls_token_id=tokenizer.cls_token_id, bos_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id, eos_token_id=tokenizer.sep_token_id, **fields)
    config._attn_implementation = "sdpa"
    return randomize(cls(config), seed)


def bert(tokenizer, cls, seed, **fields):
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=400, pad_token_id=tokenizer.pad_token_id, **fields)
    return randomize(cls(config), seed)


def save(name, model, tokenizer_name, cases):
    folder = ROOT / name
    model.half().save_pretrained(folder)
    model.float()
    write(folder, {"tokenizer": tokenizer_name, **cases})


def rounded(value):
    """Floats at float32's precision; everything else as it is."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return float(f"{float(value):.9g}") if not isinstance(value, (str, int, type(None))) else value


def write(folder, cases):
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(rounded(value), ensure_ascii=False)}" for key, value in cases.items())
    (folder / "cases.json").write_text("{" + lines + "}\n")


def fill_mask(tokenizer):
    model = modernbert(tokenizer, ModernBertForMaskedLM, 1)
    texts = [
        "Marie [MASK] was born in Warsaw.",
        "[MASK] moved to [MASK] in 1891 with a café.",
        "def area([MASK]): return 3.14159",
        "Zürich [MASK]",
    ]
    run = pipeline("fill-mask", model=model, tokenizer=tokenizer, top_k=4)
    save("modernbert_mlm", model, "tokenizer_bpe", {"top_k": 4, "texts": texts, "results": [run(text) for text in texts]})


def classification(tokenizer):
    settings = {
        "single": dict(num_labels=3, problem_type="single_label_classification"),
        "multi": dict(num_labels=3, problem_type="multi_label_classification"),
        "regression": dict(num_labels=2, problem_type="regression"),
        "one_label": dict(num_labels=1),
    }
    for seed, (name, fields) in enumerate(settings.items(), start=10):
        model = modernbert(tokenizer, ModernBertForSequenceClassification, seed, **fields)
        run = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None)
        pairs = [{"text": q, "text_pair": c} for q, c in zip(QUESTIONS, CONTEXTS)]
        save(f"modernbert_classify_{name}", model, "tokenizer_bpe", {
            "texts": TEXTS, "results": run(TEXTS), "pairs": [[p["text"], p["text_pair"]] for p in pairs],
            "pair_results": [run(pair) for pair in pairs]})


def token_classification(name, model, tokenizer, tokenizer_name):
    texts = TEXTS + ["Marie [UNK] Curie"]
    results = {}
    for strategy in ["none", "simple", "first", "average", "max"]:
        run = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy=strategy)
        results[strategy] = [run(text) for text in texts]
    everything = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple",
                          ignore_labels=[])
    save(name, model, tokenizer_name, {
        "texts": texts, "results": results, "nothing_ignored": [everything(text) for text in texts]})


def question_answering(name, model, tokenizer, tokenizer_name):
    run = pipeline("question-answering", model=model, tokenizer=tokenizer)
    cases = []
    for options in [
        dict(top_k=1),
        dict(top_k=3),
        dict(top_k=2, handle_impossible_answer=True),
        dict(top_k=3, max_seq_len=48, doc_stride=16, max_answer_len=4),
        dict(top_k=5, max_seq_len=64, max_answer_len=30),
        dict(top_k=30, handle_impossible_answer=True),
    ]:
        answers = []
        for question, context in zip(QUESTIONS, CONTEXTS):
            found = run(question=question, context=context, **options)
            answers.append(found if isinstance(found, list) else [found])
        cases.append({"options": options, "results": answers})
    save(name, model, tokenizer_name, {"questions": QUESTIONS, "contexts": CONTEXTS, "runs": cases})


def multiple_choice(tokenizer):
    model = modernbert(tokenizer, ModernBertForMultipleChoice, 40)
    choices = ["Paris.", "A fox jumps over the river.", "3.14159 * radius", "nothing at all"]
    results = []
    for prompt in QUESTIONS:
        inputs = tokenizer([prompt] * len(choices), choices, padding=True, return_tensors="pt")
        with torch.no_grad():
            logits = model(**{key: value.unsqueeze(0) for key, value in inputs.items()}).logits[0]
        results.append({"logits": logits.tolist(), "scores": logits.softmax(-1).tolist()})
    save("modernbert_choice", model, "tokenizer_bpe", {"prompts": QUESTIONS, "choices": choices, "results": results})


def module(folder, name, config, tensors=None):
    path = folder / name
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config) + "\n")
    if tensors:
        import safetensors.torch
        safetensors.torch.save_file(tensors, path / "model.safetensors")


def sentence_folder(name, tokenizer, modules, config, transformer=None):
    """A folder written by hand; returns it with tokenizer files, as sentence-transformers must find them."""
    folder = ROOT / name
    modernbert(tokenizer, ModernBertModel, 50).half().save_pretrained(folder)
    (folder / "modules.json").write_text(json.dumps([
        {"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(modules)], indent=1) + "\n")
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps(transformer or {"max_seq_length": 64}) + "\n")
    return folder


def with_tokenizer(folder, weights=None):
    complete = pathlib.Path(tempfile.mkdtemp()) / folder.name
    shutil.copytree(folder, complete)
    for file in (ROOT / "tokenizer_bpe").iterdir():
        shutil.copy(file, complete)
    for name in ["config.json", "model.safetensors"] if weights else []:
        shutil.copy(weights / name, complete)
    return str(complete)


def noise(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.5


def embeddings(tokenizer):
    old = "sentence_transformers.models."
    folder = sentence_folder(
        "sentence_pooled", tokenizer,
        [("", old + "Transformer"), ("1_Pooling", old + "Pooling"), ("2_Dense", old + "Dense"), ("3_Normalize", old + "Normalize")],
        {"prompts": {"query": "query: ", "passage": "passage:"}, "default_prompt_name": "passage",
         "similarity_fn_name": "dot"})
    module(folder, "1_Pooling", {
        "word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False,
        "pooling_mode_max_tokens": True, "pooling_mode_mean_sqrt_len_tokens": True,
        "pooling_mode_weightedmean_tokens": True, "pooling_mode_lasttoken": True, "include_prompt": False})
    module(folder, "2_Dense", {
        "in_features": 80, "out_features": 20, "bias": True, "activation_function": "torch.nn.modules.activation.SiLU",
        "use_residual": True},
        {"linear.weight": noise(51, 20, 80), "linear.bias": noise(52, 20), "residual.weight": noise(53, 20, 80)})
    model = SentenceTransformer(with_tokenizer(folder), model_kwargs={"dtype": torch.float32}, device="cpu")
    runs = []
    for options in [{}, {"prompt_name": "query"}, {"prompt": "any other: "}, {"prompt_name": "document"},
                    {"truncate_dim": 7, "normalize_embeddings": True}]:
        runs.append({"options": options, "embeddings": model.encode(TEXTS, **options).tolist()})
    vectors = model.encode(TEXTS)
    write(folder, {
        "tokenizer": "tokenizer_bpe", "texts": TEXTS, "runs": runs,
        "quantized": {p: quantize_embeddings(vectors, p).tolist() for p in ["int8", "uint8", "binary", "ubinary"]},
        "similarity": model.similarity(vectors, vectors).tolist()})


def cross_encoders(tokenizer):
    cases = json.loads((ROOT / "modernbert_classify_one_label" / "cases.json").read_text())
    folder = ROOT / "modernbert_classify_one_label"
    model = CrossEncoder(with_tokenizer(folder), model_kwargs={"dtype": torch.float32}, device="cpu")
    cases["rerank_scores"] = model.predict([tuple(pair) for pair in cases["pairs"]]).tolist()
    cases["rank"] = [{"corpus_id": int(r["corpus_id"]), "score": float(r["score"])} for r in model.rank(QUESTIONS[0], TEXTS)]
    write(folder, cases)


def multi_vectors():
    """The layout that sentence-transformers itself writes; the encoder's weights are those of sentence_pooled."""
    base = "sentence_transformers.base.modules."
    for name, expansion, mask in [
        ("multi_vector_min", {"strategy": "min", "attend": True, "token": "[PAD]", "length": 12}, ["query", "document"]),
        # Short enough that every filling token sees a text token through the local window.
        ("multi_vector_fixed", {"strategy": "fixed", "attend": False, "length": 17}, ["document"]),
    ]:
        folder = ROOT / name
        folder.mkdir()
        modules = [("", base + "transformer.Transformer"), ("1_Dense", base + "dense.Dense"),
                   ("2_MultiVectorMask", "sentence_transformers.multi_vector_encoder.modules.multi_vector_mask.MultiVectorMask"),
                   ("3_Normalize", base + "normalize.Normalize")]
        (folder / "modules.json").write_text(json.dumps([
            {"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(modules)]) + "\n")
        (folder / "config_sentence_transformers.json").write_text(json.dumps({
            "model_type": "MultiVectorEncoder", "prompts": {"query": "query: ", "document": ""},
            "default_prompt_name": None, "similarity_fn_name": "maxsim"}) + "\n")
        (folder / "sentence_bert_config.json").write_text(json.dumps({
            "transformer_task": "feature-extraction", "document_length": 30, "query_expansion": expansion}) + "\n")
        module(folder, "1_Dense", {
            "in_features": 16, "out_features": 6, "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity", "module_input_name": "token_embeddings",
            "module_output_name": "token_embeddings"}, {"linear.weight": noise(61, 6, 16)})
        module(folder, "2_MultiVectorMask", {"skiplist_words": [",", ".", ";"], "skiplist_tasks": mask})
        module(folder, "3_Normalize", {"module_input_name": "token_embeddings"})
        model = MultiVectorEncoder(with_tokenizer(folder, ROOT / "sentence_pooled"),
                                   model_kwargs={"dtype": torch.float32}, device="cpu")
        queries, documents = QUESTIONS + [TEXTS[1]], TEXTS
        write(folder, {
            "queries": queries, "documents": documents,
            "query_vectors": [v.tolist() for v in model.encode_query(queries)],
            "document_vectors": [v.tolist() for v in model.encode_document(documents)]})


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    bpe, wordpiece = bpe_tokenizer(), wordpiece_tokenizer()
    labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    fields = dict(id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)})
    fill_mask(bpe)
    classification(bpe)
    token_classification("modernbert_ner", modernbert(bpe, ModernBertForTokenClassification, 20, **fields), bpe, "tokenizer_bpe")
    token_classification("bert_ner", bert(wordpiece, BertForTokenClassification, 77, **fields), wordpiece, "tokenizer_wordpiece")
    question_answering("modernbert_qa", modernbert(bpe, ModernBertForQuestionAnswering, 30), bpe, "tokenizer_bpe")
    question_answering("bert_qa", bert(wordpiece, BertForQuestionAnswering, 31), wordpiece, "tokenizer_wordpiece")
    multiple_choice(bpe)
    embeddings(bpe)
    cross_encoders(bpe)
    multi_vectors()
    (ROOT / "versions.json").write_text(json.dumps({
        "torch": torch.__version__, "transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
        "sentence-transformers": sentence_transformers.__version__}, indent=1) + "\n")


main()
