"""Tokenizers and chat templates of the output, in the libraries that models are used with."""

import functools
import json
import os
import subprocess

from checkpoints import ROOT
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

# Prints for each union the tokenizer.json that is written for it and the ids that texts must get, and all templates.
SCRIPT = """
import { UNIONS, written } from "./dist/test/tokenizer/unions.js";
import { wholeText } from "./dist/src/tokenizer/json.js";
import { BUILT_IN_CHAT_TEMPLATES } from "./dist/src/tokenizer/built-in-chat-templates.js";
const unions = Object.entries(UNIONS).map(([kind, { models, texts }]) => {
  const { output, result } = written(models);
  return { kind, texts, ids: [...output.ids], json: wholeText(result.files.get("tokenizer.json") ?? "") };
});
console.log(JSON.stringify({ unions, templates: Object.fromEntries(BUILT_IN_CHAT_TEMPLATES) }));
"""

SYSTEM = {"role": "system", "content": "Be brief."}
CHAT = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Bye"},
]

# The prompts of CHAT, with and without SYSTEM in front, as the formats' authors publish them.
PROMPTS = {
    "alpaca": (
        "<s>Be brief.\n\n### Instruction:\nHi\n\n### Response:\nHello</s>\n\n### Instruction:\nBye\n\n### Response:\n",
        "<s>Below is an instruction that describes a task. Write a response that appropriately completes the request."
        "\n\n### Instruction:\nHi\n\n### Response:\nHello</s>\n\n### Instruction:\nBye\n\n### Response:\n",
    ),
    "chatml": (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
    ),
    "exaone": (
        "[|system|]Be brief.[|endofturn|]\n[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n[|user|]Bye\n[|assistant|]",
        "[|system|][|endofturn|]\n[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n[|user|]Bye\n[|assistant|]",
    ),
    "llama3": (
        "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "mistral": (
        "<s>[INST] Hi[/INST] Hello</s>[INST] Be brief.\n\nBye[/INST]",
        "<s>[INST] Hi[/INST] Hello</s>[INST] Bye[/INST]",
    ),
}


@functools.cache
def written():
    node = os.environ.get("NODE", "node")
    command = [node, "--input-type=module", "--eval", SCRIPT]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert output.returncode == 0, output.stderr
    return json.loads(output.stdout)


def encodings(folder):
    unions = written()["unions"]
    assert len(unions) >= 4
    for union in unions:
        tokenizer = Tokenizer.from_str(union["json"])
        kind = union["kind"]
        assert tokenizer.get_vocab() == dict(union["ids"]), f"{kind}: other ids"
        for text, ids in union["texts"].items():
            found = tokenizer.encode(text).ids
            assert found == ids, f"{kind}: {text!r} has the ids {found}, not {ids}"


def prompts(folder):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    templates = written()["templates"]
    assert set(templates) == set(PROMPTS)
    for name, expected in PROMPTS.items():
        for chat, prompt in zip(([SYSTEM, *CHAT], CHAT), expected):
            template = environment.from_string(templates[name])
            found = template.render(messages=chat, bos_token="<s>", eos_token="</s>", add_generation_prompt=True)
            assert found == prompt, f"{name}: {found!r}, not {prompt!r}"


def tokenizer_checks():
    """Title and function of every check."""
    yield "tokenizers of all kinds load with the ids of their union and encode texts as they must", encodings
    yield "the built-in chat templates make the published prompts", prompts
