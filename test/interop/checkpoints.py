"""Tiny checkpoints written and merged models read with Python's own safetensors package."""

import json
import os
import subprocess

from safetensors import safe_open
from safetensors.numpy import save_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLI = os.path.join(ROOT, "dist", "src", "cli", "main.js")

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 2}


def shapes():
    yield "model.embed_tokens.weight", (40, 16)
    for layer in range(2):
        yield f"model.layers.{layer}.self_attn.q_proj.weight", (16, 16)
        yield f"model.layers.{layer}.mlp.down_proj.weight", (16, 56)
        yield f"model.layers.{layer}.input_layernorm.weight", (16,)
    yield "model.norm.weight", (16,)
    yield "lm_head.weight", (40, 16)


def family(rng, count, dtypes):
    """A base and `count` fine-tunes, each a dict of arrays; the deltas share a direction."""
    base = {name: rng.normal(0, 0.1, shape) for name, shape in shapes()}
    shared = {name: rng.normal(0, 0.01, shape) for name, shape in shapes()}
    models = [base]
    for _ in range(count):
        models.append({k: base[k] + shared[k] + rng.normal(0, 0.01, base[k].shape) for k in base})
    return [{k: v.astype(dtype) for k, v in m.items()} for m, dtype in zip(models, dtypes)]


def write_model(folder, tensors, shards=1):
    os.makedirs(folder)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(CONFIG, file)
    if shards == 1:
        save_file(tensors, os.path.join(folder, "model.safetensors"), {"format": "pt"})
        return
    weight_map = {}
    for k in range(shards):
        name = f"model-{k + 1:05}-of-{shards:05}.safetensors"
        part = {key: tensors[key] for key in list(tensors)[k::shards]}
        save_file(part, os.path.join(folder, name), {"format": "pt"})
        weight_map.update(dict.fromkeys(part, name))
    total = sum(t.nbytes for t in tensors.values())
    with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="utf-8") as file:
        json.dump({"metadata": {"total_size": total}, "weight_map": weight_map}, file)


def read_model(folder):
    """All tensors of a model folder, found as Python programs find them: through the index, if there is one."""
    index = os.path.join(folder, "model.safetensors.index.json")
    if not os.path.exists(index):
        with safe_open(os.path.join(folder, "model.safetensors"), "np") as file:
            return {key: file.get_tensor(key) for key in file.keys()}
    with open(index, encoding="utf-8") as file:
        weight_map = json.load(file)["weight_map"]
    tensors = {}
    for name in sorted(set(weight_map.values())):
        with safe_open(os.path.join(folder, name), "np") as file:
            for key in file.keys():
                assert weight_map[key] == name, f"{key} is in {name}, the index says {weight_map[key]}"
                tensors[key] = file.get_tensor(key)
    assert set(tensors) == set(weight_map), "index and shards name different tensors"
    return tensors


def merge(folder, recipe, *options):
    """Runs the command line on a recipe, as an object or as the text of a file, and returns the output folder."""
    path, out = os.path.join(folder, "recipe.yml"), os.path.join(folder, "merged")
    with open(path, "w", encoding="utf-8") as file:
        file.write(recipe if isinstance(recipe, str) else json.dumps(recipe))
    command = [os.environ.get("NODE", "node"), CLI, "merge", path, out, "--quiet", *options]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    return out
