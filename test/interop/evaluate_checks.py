"""Classifiers evaluated by the command line, against their forward pass in numpy's float64."""

import json
import math
import os
import subprocess

import numpy as np
from checkpoints import CLI, ROOT
from safetensors.numpy import save_file

WIDTH, HEADS, LAYERS, CLASSES, COUNT = 16, 4, 3, 7, 120
PICTURE, PATCH = 12, 4
# Of the two largest logits: less may be decided by rounding in F32.
NEAR_TIE = 1e-3

erf = np.vectorize(math.erf)


def softmax(x):
    power = np.exp(x - x.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


class Net:
    """A transformer's weights by name, drawn when they are first asked for."""

    def __init__(self, seed, eps):
        self.rng, self.eps, self.tensors = np.random.default_rng(seed), eps, {}

    def get(self, name, *shape, mean=0.0):
        if name not in self.tensors:
            self.tensors[name] = (mean + self.rng.normal(0, 0.4, shape)).astype(np.float32)
        return self.tensors[name].astype(np.float64)

    def linear(self, name, x, out):
        return x @ self.get(name + ".weight", out, x.shape[-1]).T + self.get(name + ".bias", out)

    def norm(self, name, x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + self.eps)
        return x * self.get(name + ".weight", x.shape[-1], mean=1) + self.get(name + ".bias", x.shape[-1])

    def attention(self, x, names, out, mask=None):
        count, length, width = x.shape
        q, k, v = (
            self.linear(name, x, width).reshape(count, length, HEADS, -1).transpose(0, 2, 1, 3) for name in names
        )
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(width // HEADS)
        if mask is not None:
            scores = np.where(mask[:, None, None, :] == 1, scores, -np.inf)
        return self.linear(out, (softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(x.shape), width)

    def mlp(self, x, up, down):
        h = self.linear(up, x, 2 * WIDTH)
        return self.linear(down, h * 0.5 * (1 + erf(h / math.sqrt(2))), WIDTH)


def vit(net, pictures):
    x = (pictures.astype(np.float64) / 255 - 0.5) / 0.2
    count, side = len(x), PICTURE // PATCH
    name = "vit.embeddings.patch_embeddings.projection"
    kernel = net.get(name + ".weight", WIDTH, 3, PATCH, PATCH)
    patches = x.reshape(count, side, PATCH, side, PATCH, 3).transpose(0, 1, 3, 5, 2, 4).reshape(count, side * side, -1)
    x = patches @ kernel.reshape(WIDTH, -1).T + net.get(name + ".bias", WIDTH)
    token = np.broadcast_to(net.get("vit.embeddings.cls_token", 1, 1, WIDTH), (count, 1, WIDTH))
    x = np.concatenate([token, x], 1) + net.get("vit.embeddings.position_embeddings", 1, side * side + 1, WIDTH)
    for i in range(LAYERS):
        block = f"vit.encoder.layer.{i}."
        names = [f"{block}attention.attention.{part}" for part in ("query", "key", "value")]
        x = x + net.attention(net.norm(block + "layernorm_before", x), names, block + "attention.output.dense")
        x = x + net.mlp(net.norm(block + "layernorm_after", x), block + "intermediate.dense", block + "output.dense")
    return net.linear("classifier", net.norm("vit.layernorm", x)[:, 0], CLASSES)


def bert(net, ids, types, mask):
    table = "bert.embeddings."
    x = net.get(table + "word_embeddings.weight", 50, WIDTH)[ids]
    x = x + net.get(table + "token_type_embeddings.weight", 2, WIDTH)[types]
    x = x + net.get(table + "position_embeddings.weight", 32, WIDTH)[: ids.shape[1]]
    x = net.norm(table + "LayerNorm", x)
    for i in range(LAYERS):
        block = f"bert.encoder.layer.{i}."
        names = [f"{block}attention.self.{part}" for part in ("query", "key", "value")]
        attended = net.attention(x, names, block + "attention.output.dense", mask)
        x = net.norm(block + "attention.output.LayerNorm", x + attended)
        fed = net.mlp(x, block + "intermediate.dense", block + "output.dense")
        x = net.norm(block + "output.LayerNorm", x + fed)
    return net.linear("classifier", np.tanh(net.linear("bert.pooler.dense", x[:, 0], WIDTH)), CLASSES)


def check(folder, net, config, inputs, logits):
    """With numpy's answers as labels all answers are right; with others, exactly those that are left as they were."""
    model, data = os.path.join(folder, "model"), os.path.join(folder, "data")
    os.makedirs(model)
    os.makedirs(data)
    save_file(net.tensors, os.path.join(model, "model.safetensors"))
    prepared = {"do_resize": False, "do_center_crop": False, "image_mean": [0.5] * 3, "image_std": [0.2] * 3}
    for name, content in (("config.json", config), ("preprocessor_config.json", prepared)):
        with open(os.path.join(model, name), "w", encoding="utf-8") as file:
            json.dump(content, file)
    two = np.sort(logits, -1)[:, -2:]
    clear = two[:, 1] - two[:, 0] > NEAR_TIE
    answers = logits.argmax(-1)
    assert len(set(answers)) > 2, "the answers are too much alike to show anything"
    inputs = {key: np.ascontiguousarray(value[clear]) for key, value in inputs.items()}
    answers = answers[clear]
    mixed = np.where(np.arange(len(answers)) % 3 == 0, answers, (answers + 1) % CLASSES)
    for name, labels in (("same", answers), ("mixed", mixed)):
        save_file({**inputs, "labels": labels.astype(np.int64)}, os.path.join(data, name + ".safetensors"))
    command = [os.environ.get("NODE", "node"), CLI, "evaluate", model, "--data", data, "--json"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    correct = {split["split"]: split["correct"] for split in json.loads(result.stdout)["splits"]}
    expected = {"same": len(answers), "mixed": int((mixed == answers).sum())}
    assert correct == expected, f"{correct} instead of {expected}"


def vit_check(folder):
    net = Net(6, 1e-12)
    # A colour for each patch: noise alone looks the same to a network everywhere.
    colours = np.random.default_rng(2).integers(0, 256, (COUNT, PICTURE // PATCH, PICTURE // PATCH, 3), dtype=np.uint8)
    pictures = colours.repeat(PATCH, 1).repeat(PATCH, 2)
    pictures[:, ::2, ::3] //= 2
    config = {"architectures": ["ViTForImageClassification"], "num_attention_heads": HEADS}
    check(folder, net, config, {"images": pictures}, vit(net, pictures))


def bert_check(folder):
    net, rng, length = Net(3, 1e-12), np.random.default_rng(4), 9
    ids, types = rng.integers(0, 50, (COUNT, length)), rng.integers(0, 2, (COUNT, length))
    mask = (np.arange(length) < rng.integers(2, length + 1, (COUNT, 1))).astype(np.int64)
    config = {"architectures": ["BertForSequenceClassification"], "num_attention_heads": HEADS}
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    check(folder, net, config, inputs, bert(net, ids, types, mask))


def evaluate_checks():
    yield "ViTForImageClassification gives numpy's answers", vit_check
    yield "BertForSequenceClassification gives numpy's answers, padded or not", bert_check
