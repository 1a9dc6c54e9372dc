#!/usr/bin/env python3
"""Makes the golden files of this folder with HuggingFace transformers (development only).

    python3 -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tests/golden/make_golden.py tests/golden

Each folder with a config.json gets a golden.json: a prompt, the greedy tokens that follow, and the
logits after some of them. Weights are not stored: value i (row-major, as transformers has the
tensor) of a tensor is made of its name by integer arithmetic, here and in tests/modules.

    u     = splitmix64(fnv1a(name) + i * 0x9E3779B97F4A7C15) >> 40      24 bits
    value = (u / 2^24 - 1/2) * scale                                    exact in float32
    scale   of a matrix [out, in]: 2^round(log2(12 / in) / 2); of a bias: 1;
            of a norm: 1/4, and 1 is added
"""
import json
import math
import pathlib
import sys

import numpy
import torch
import transformers

MASK = (1 << 64) - 1


def fnv1a(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def splitmix64(x):
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def uniform(name, count):
    index = numpy.arange(count, dtype=numpy.uint64)
    x = numpy.uint64(fnv1a(name)) + index * numpy.uint64(0x9E3779B97F4A7C15)
    bits = (splitmix64(x) >> numpy.uint64(40)).astype(numpy.float32)
    return bits * numpy.float32(2.0**-24) - numpy.float32(0.5)


def weight(name, shape):
    values = uniform(name, math.prod(shape))
    if len(shape) == 2:
        values = values * numpy.float32(2.0 ** math.floor(math.log2(12 / shape[1]) / 2 + 0.5))
    elif not name.endswith("bias"):
        values = numpy.float32(1) + values * numpy.float32(0.25)
    return torch.from_numpy(values.reshape(shape))


def golden(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    tied = config.tie_word_embeddings
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(name, tuple(parameter.shape)))
    assert not tied or model.lm_head.weight is model.model.embed_tokens.weight
    model.eval()
    # The first prompt after which no choice of a token is close.
    for seed in range(20):
        fractions = uniform(f"prompt{seed}", 11) + 0.5
        result = answer(model, [int(v) for v in fractions * config.vocab_size])
        if result is not None:
            return result
    raise RuntimeError(f"{folder}: every choice of a token is too close")


def answer(model, prompt):
    count, kept = 40, (0, 19, 39)
    tokens, logits = [], []
    with torch.no_grad():
        for step in range(count):
            last = model(torch.tensor([prompt + tokens]), use_cache=False).logits[0, -1]
            if step in kept:
                logits.append({"step": step, "values": [float("%.7g" % v) for v in last]})
            top = torch.topk(last, 2)
            if top.values[0] - top.values[1] < 2e-3:
                return None
            tokens.append(int(top.indices[0]))
    return {"prompt": prompt, "tokens": tokens, "logits": logits}


def main():
    torch.set_num_threads(1)
    for config in sorted(pathlib.Path(sys.argv[1]).glob("*/config.json")):
        result = golden(config.parent)
        text = json.dumps(result, separators=(",", ":"))
        (config.parent / "golden.json").write_text(text + "\n")
        print(config.parent.name, result["tokens"][:8])


if __name__ == "__main__":
    main()
