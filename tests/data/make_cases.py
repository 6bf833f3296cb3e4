#!/usr/bin/env python3
"""Makes the checkpoint folders of tests/data/cases with Hugging Face transformers.

Run:  python tests/data/make_cases.py [FOLDER...]  (all by default; writes beside itself; equal inputs give equal bytes)
Made with transformers 5.23.0 (gradients: 5.24.0), torch 2.15.0 (CPU), numpy 2.4.6, seed 20261123 plus the folder's
number.

Weights and ids are random. Expected values are those of a float64 model, rounded to float32. The rotary tables keep
Hugging Face's float32 angles (they are part of the model's definition); its cast of q and k to float32 around the
rotation is removed, and attention takes the SDPA math path, because the eager softmax is float32 even in a float64 model.
Tolerance in float32: max(4 x the larger error of Hugging Face's two float32 runs, 2e-6 x the largest value, 1e-5).
Gradients are compared as one vector: its relative L2 distance is at most 4 x that of the float32 run, 1e-5 at least.
"""
import contextlib
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers.models.modernbert import modeling_modernbert

SEED = 20261123
ROOT = pathlib.Path(__file__).parent / "cases"

MODERNBERT = dict(vocab_size=160, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=2,
                  max_position_embeddings=512, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                  sep_token_id=2, initializer_range=0.02)
BERT = dict(vocab_size=160, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=64, type_vocab_size=2, pad_token_id=0, layer_norm_eps=1e-12)


def rotate_without_cast(q, k, cos, sin, unsqueeze_dim=1):
    """apply_rotary_pos_emb of the model, in the type of its inputs."""
    cos, sin = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
    rotate = modeling_modernbert.rotate_half
    return q * cos + rotate(q) * sin, k * cos + rotate(k) * sin


def random_state(model, rng, dtype):
    """Weights large enough that every part of the model shows in the outputs."""
    state, tied = {}, {"decoder.weight", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
    for name, value in model.state_dict().items():
        if name in tied or not value.is_floating_point():
            continue
        noise = rng.standard_normal(value.shape)
        is_norm = "norm" in name.lower()
        if is_norm and name.endswith("weight"):
            array = 1 + 0.2 * noise
        elif name.endswith("bias"):
            array = 0.2 * noise
        elif "embeddings" in name:
            array = 0.7 * noise
        else:
            array = 1.3 * noise / np.sqrt(value.shape[-1])
        state[name] = torch.tensor(array, dtype=torch.float32).to(dtype).contiguous()
    return state


def ragged(rng, lengths, vocab, side="right", columns=None):
    """ids and mask [B,L]; padded positions hold random ids, which must not matter."""
    columns = columns or max(lengths)
    ids = rng.integers(3, vocab, size=(len(lengths), columns))
    mask = np.zeros((len(lengths), columns), dtype=np.int64)
    for row, length in enumerate(lengths):
        begin = 0 if side == "right" else columns - length
        mask[row, begin:begin + length] = 1
    return ids, mask


def load(path, auto, dtype, attention):
    model = auto.from_pretrained(path, dtype=dtype, attn_implementation=attention)
    return model.eval()


def encoder_of(model):
    return getattr(model, model.base_model_prefix, model)


def run(model, case):
    """All outputs of one forward pass, as float64 arrays of padded positions."""
    given = {k: torch.tensor(case[k]) for k in ("input_ids", "attention_mask", "token_type_ids") if k in case}
    if "labels" in case:
        labels = torch.tensor(case["labels"])
        given["labels"] = labels.to(model.dtype) if labels.is_floating_point() else labels
    states = []
    encoder = encoder_of(model)
    layers = encoder.encoder.layer if hasattr(encoder, "encoder") else encoder.layers
    keep = lambda _module, _inputs, output: states.append(output[0] if isinstance(output, tuple) else output)
    hooks = [module.register_forward_hook(keep) for module in [encoder.embeddings, *layers]]
    with torch.no_grad():
        result = model(**given)
    for hook in hooks:
        hook.remove()
    outputs = {k: v for k, v in result.items() if k in case["outputs"]}
    outputs.update({f"hidden_states.{i}": s for i, s in enumerate(states) if f"hidden_states.{i}" in case["outputs"]})
    return {k: v.double().numpy() for k, v in outputs.items()}


def select(value, case, layout):
    if layout == "packed":
        mask = case.get("attention_mask", np.ones_like(case["input_ids"]))
        return np.concatenate([row[keep != 0] for row, keep in zip(value, mask)])
    if layout == "rows":
        return np.stack([value[b, column] for b, column in case["rows"]])
    return value


def errors(value, exact):
    difference = np.abs(value - exact)
    return {"max_abs": float(f"{difference.max():.4g}"), "mean_abs": float(f"{difference.mean():.4g}")}


@contextlib.contextmanager
def all_in_float64():
    """No step of a float64 model is computed in float32."""
    original = modeling_modernbert.apply_rotary_pos_emb
    modeling_modernbert.apply_rotary_pos_emb = rotate_without_cast
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        yield
    modeling_modernbert.apply_rotary_pos_emb = original


def loss_and_gradients(path, auto, case, dtype, attention):
    """Of the case's labels, and of every parameter by name, as float64."""
    model = load(path, auto, dtype, attention)  # in evaluation mode: no dropout
    labels = torch.tensor(case["labels"])
    given = {k: torch.tensor(case[k]) for k in ("input_ids", "attention_mask")}
    loss = model(**given, labels=labels.to(dtype) if labels.is_floating_point() else labels).loss
    loss.backward()
    return loss.item(), {name: p.grad.double().numpy() for name, p in model.named_parameters()}


def relative_distance(gradients, exact):
    difference = sum(np.square(gradients[name] - exact[name]).sum() for name in exact)
    return float(np.sqrt(difference / sum(np.square(value).sum() for value in exact.values())))


def write_gradient_case(path, auto, case, tensors):
    """Appends the case's arrays to tensors and returns its entry of cases.json."""
    with all_in_float64():
        loss, exact = loss_and_gradients(path, auto, case, torch.float64, "sdpa")
    runs = {"hf_fp32_eager": (torch.float32, "eager"), "hf_bf16_sdpa": (torch.bfloat16, "sdpa")}
    losses, distances = {}, {}
    for name, (dtype, attention) in runs.items():
        losses[name], gradients = loss_and_gradients(path, auto, case, dtype, attention)
        distances[name] = float(f"{relative_distance(gradients, exact):.4g}")
    entry = {"name": case["name"], "head": case["head"], "inputs": write_inputs(case, tensors), "loss_value": loss,
             "gradients": {}, "relative_l2_error_of_all_gradients": distances,
             "loss_error": {name: float(f"{value - loss:.4g}") for name, value in losses.items()},
             "tolerance": {"loss_abs": float(f"{max(4 * abs(losses['hf_fp32_eager'] - loss), 2e-6 * loss, 1e-5):.3g}"),
                           "relative_l2_of_all_gradients": max(4 * distances["hf_fp32_eager"], 1e-5)}}
    for name, gradient in exact.items():
        entry["gradients"][name] = f"{case['name']}.grad.{name}"
        tensors[entry["gradients"][name]] = torch.tensor(gradient.astype(np.float32))
    return entry


def write_inputs(case, tensors):
    """Role -> name of the array that was appended to tensors."""
    names = {}
    for role in ("input_ids", "attention_mask", "token_type_ids", "labels", "rows"):
        if role in case:
            array = np.asarray(case[role])
            kind = np.float32 if array.dtype.kind == "f" else np.int32
            names[role] = f"{case['name']}.{role}"
            tensors[names[role]] = torch.tensor(array.astype(kind))
    return names


def write_case(path, auto, case, tensors):
    """Appends the case's arrays to tensors and returns its entry of cases.json."""
    runs = {}
    with all_in_float64():
        exact = run(load(path, auto, torch.float64, "sdpa"), case)
    for name, dtype, attention in [("hf_fp32_eager", torch.float32, "eager"), ("hf_fp32_sdpa", torch.float32, "sdpa"),
                                   ("hf_bf16_sdpa", torch.bfloat16, "sdpa")]:
        runs[name] = run(load(path, auto, dtype, attention), case)
    entry = {"name": case["name"], "head": case["head"], "inputs": write_inputs(case, tensors), "outputs": {}}
    for name, layout in case["outputs"].items():
        want = select(exact[name], case, layout)
        measured = {k: errors(select(v[name], case, layout), want) for k, v in runs.items()}
        worst = max(measured["hf_fp32_eager"]["max_abs"], measured["hf_fp32_sdpa"]["max_abs"])
        tensors[f"{case['name']}.out.{name}"] = torch.tensor(np.atleast_1d(want).astype(np.float32))
        output = {"tensor": f"{case['name']}.out.{name}", "error_vs_float64": measured,
                  "tolerance_fp32_max_abs": float(f"{max(4 * worst, 2e-6 * np.abs(want).max(), 1e-5):.3g}")}
        if layout:
            output["layout"] = layout
        entry["outputs"][name] = output
    return entry


def write_folder(name, number, kind, config, auto, cases, dtype=torch.float32, config_json=None):
    """cases: called with a generator, returns case dictionaries: name, head, auto (optional), arrays, outputs."""
    path = ROOT / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    rng = np.random.default_rng(SEED + number)
    model = auto.from_config(config)
    config.architectures = [type(model).__name__]
    config.save_pretrained(path)
    save_file(random_state(model, rng, dtype), path / "model.safetensors", metadata={"format": "pt"})
    tensors = {}
    write = write_gradient_case if kind == "gradients" else write_case
    entries = [write(path, case.get("auto", auto), case, tensors) for case in cases(rng)]
    if config_json is not None:  # the same model under other key names
        (path / "config.json").write_text(json.dumps(config_json, indent=1) + "\n")
    save_file(tensors, path / "cases.safetensors")
    made = {"script": "tests/data/make_cases.py", "seed": SEED + number, "transformers": transformers.__version__,
            "torch": torch.__version__.split("+")[0]}
    cases_json = {"description": name.replace("_", " "), "kind": kind, "made_with": made, "cases": entries}
    (path / "cases.json").write_text(json.dumps(cases_json, indent=1) + "\n")


def modernbert_config(every=2, window=8, **kwargs):
    layers = MODERNBERT["num_hidden_layers"]
    kinds = ["sliding_attention" if i % every else "full_attention" for i in range(layers)]
    rope = {"full_attention": {"rope_type": "default", "rope_theta": 160000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}
    return transformers.ModernBertConfig(**MODERNBERT, layer_types=kinds, local_attention=window, rope_parameters=rope,
                                         **kwargs)


def masked_lm():
    def cases(rng):
        vocab = MODERNBERT["vocab_size"]
        ids, mask = ragged(rng, [1, 2, 9, 17, 33], vocab)
        yield dict(name="ragged", head="masked_lm", input_ids=ids, attention_mask=mask, outputs={"logits": "packed"})
        ids, mask = ragged(rng, [3, 20, 12], vocab, side="left")
        yield dict(name="left_padded", head="masked_lm", input_ids=ids, attention_mask=mask, outputs={"logits": "packed"})
        ids, mask = ragged(rng, [70, 5], vocab)
        rows = np.array([[0, 0], [0, 69], [1, 4], [0, 33]])
        labels = np.where(mask == 1, rng.integers(0, vocab, size=ids.shape), -100)
        labels[0, ::2] = -100
        yield dict(name="rows_and_loss", head="masked_lm", input_ids=ids, attention_mask=mask, rows=rows, labels=labels,
                   outputs={"logits": "rows", "loss": None})
        ids, _ = ragged(rng, [12, 12], vocab)
        layers = {f"hidden_states.{i}": "packed" for i in range(MODERNBERT["num_hidden_layers"] + 1)}
        yield dict(name="every_layer_without_mask", head="base", auto=transformers.AutoModel, input_ids=ids,
                   outputs={"last_hidden_state": "packed", **layers})

    old_names = dict(model_type="modernbert", architectures=["ModernBertForMaskedLM"], **MODERNBERT, local_attention=8,
                     global_attn_every_n_layers=2, global_rope_theta=160000.0, local_rope_theta=10000.0,
                     hidden_activation="gelu", norm_eps=1e-5, tie_word_embeddings=True, torch_dtype="float32")
    write_folder("modernbert_masked_lm", 1, "modernbert", modernbert_config(), transformers.AutoModelForMaskedLM, cases,
                 config_json=old_names)


def sequence_classification():
    def cases(rng):
        ids, mask = ragged(rng, [4, 1, 26, 11], MODERNBERT["vocab_size"])
        labels = rng.integers(0, 3, size=4)
        yield dict(name="mean", head="sequence_classification", input_ids=ids, attention_mask=mask, labels=labels,
                   outputs={"logits": None, "loss": None})

    config = modernbert_config(every=3, window=6, num_labels=3, problem_type="single_label_classification",
                               classifier_pooling="mean", hidden_activation="silu", norm_bias=True, attention_bias=True,
                               mlp_bias=True, classifier_bias=True)
    write_folder("modernbert_sequence_mean", 2, "modernbert", config, transformers.AutoModelForSequenceClassification,
                 cases, dtype=torch.float16)


def token_classification():
    def cases(rng):
        ids, mask = ragged(rng, [19, 6, 1], MODERNBERT["vocab_size"])
        labels = np.where(mask == 1, rng.integers(0, 5, size=ids.shape), -100)
        yield dict(name="tokens", head="token_classification", input_ids=ids, attention_mask=mask, labels=labels,
                   outputs={"logits": "packed", "loss": None})

    write_folder("modernbert_tokens", 3, "modernbert", modernbert_config(num_labels=5),
                 transformers.AutoModelForTokenClassification, cases, dtype=torch.bfloat16)


def bert_base():
    def cases(rng):
        vocab = BERT["vocab_size"]
        ids, mask = ragged(rng, [1, 8, 23], vocab)
        types = rng.integers(0, 2, size=ids.shape)
        layers = {f"hidden_states.{i}": "packed" for i in range(BERT["num_hidden_layers"] + 1)}
        yield dict(name="token_types", head="base", input_ids=ids, attention_mask=mask, token_type_ids=types,
                   outputs={"last_hidden_state": "packed", "pooler_output": None, **layers})
        ids, mask = ragged(rng, [5, 16], vocab, side="left")
        yield dict(name="left_padded", head="base", input_ids=ids, attention_mask=mask,
                   outputs={"last_hidden_state": "packed"})

    write_folder("bert_base", 4, "bert", transformers.BertConfig(**BERT), transformers.AutoModel, cases)


def bert_classification():
    def cases(rng):
        ids, mask = ragged(rng, [7, 15], BERT["vocab_size"])
        labels = rng.integers(0, 2, size=(2, 4)).astype(np.float64)
        yield dict(name="multi_label", head="sequence_classification", input_ids=ids, attention_mask=mask, labels=labels,
                   outputs={"logits": None, "loss": None})

    config = transformers.BertConfig(**BERT, num_labels=4, problem_type="multi_label_classification")
    write_folder("bert_multi_label", 5, "bert", config, transformers.AutoModelForSequenceClassification, cases)


def masked_lm_gradients():
    def cases(rng):
        vocab = MODERNBERT["vocab_size"]
        for name, lengths, side in [("ragged", [1, 9, 33, 18], "right"), ("left_padded", [14, 27], "left")]:
            ids, mask = ragged(rng, lengths, vocab, side)
            labels = np.where((mask == 1) & (rng.random(ids.shape) < 0.4), rng.integers(0, vocab, size=ids.shape), -100)
            labels[0, np.argmax(mask[0])] = 7  # at least one
            yield dict(name=name, head="masked_lm", input_ids=ids, attention_mask=mask, labels=labels)

    write_folder("modernbert_masked_lm_gradients", 6, "gradients", modernbert_config(),
                 transformers.AutoModelForMaskedLM, cases)


def sequence_gradients():
    def cases(rng):
        ids, mask = ragged(rng, [6, 21, 1], MODERNBERT["vocab_size"])
        labels = rng.integers(0, 2, size=(3, 4)).astype(np.float64)
        yield dict(name="multi_label_mean", head="sequence_classification", input_ids=ids, attention_mask=mask,
                   labels=labels)

    config = modernbert_config(every=3, window=6, num_labels=4, problem_type="multi_label_classification",
                               classifier_pooling="mean", hidden_activation="silu", norm_bias=True, attention_bias=True,
                               mlp_bias=True, classifier_bias=True)
    write_folder("modernbert_sequence_gradients", 7, "gradients", config,
                 transformers.AutoModelForSequenceClassification, cases)


FOLDERS = {"modernbert_masked_lm": masked_lm, "modernbert_sequence_mean": sequence_classification,
           "modernbert_tokens": token_classification, "bert_base": bert_base,
           "bert_multi_label": bert_classification, "modernbert_masked_lm_gradients": masked_lm_gradients,
           "modernbert_sequence_gradients": sequence_gradients}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for folder in sys.argv[1:] or FOLDERS:
        FOLDERS[folder]()
