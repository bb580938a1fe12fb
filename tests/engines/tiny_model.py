"""A made-up model, written in a second: a Llama of two layers with random weights.

It says nothing sensible, but a real engine serves it as it does any other: tokens, usage, streams,
grammars and tools are the engine's own. Run by the Python of an engine's environment:

    python tiny_model.py gguf FILE        for llama.cpp
    python tiny_model.py folder FOLDER    for transformers
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

SENTENCES = (
    "the hall in the north runs on the river and the wind",
    "a ministry asks the model in its own land and gets an answer",
    "tokens and joules are counted for every call",
)
MERGES = 60
END, BEGIN, TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIALS = (END, BEGIN, TURN)
TOOLS_END, CALL = "</tools>", "<tool_call>"
TOOL_MARKS = (TOOLS_END, CALL)
WIDTH, INNER, LAYERS, HEADS, KV_HEADS = 64, 128, 2, 4, 2
CONTEXT = 4096
#: Places of every vector that no layer writes by chance.
KEPT = 4

#: ChatML with tools as Hermes and Qwen write them, which engines know how to read back.
TEMPLATE = """\
{%- if tools %}<|im_start|>system
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools><|im_end|>
{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% else %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
{{- '<tool_call>{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}
{{- '}</tool_call>' }}
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def byte_letters() -> list[str]:
    """How byte-level BPE spells each byte: printable ones as they are, the others as letters."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    letters |= {byte: chr(256 + at) for at, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


def vocabulary() -> tuple[list[str], list[tuple[str, str]]]:
    """Tokens by number and the merges that make the longer ones."""
    letters = byte_letters()
    words: Counter[tuple[str, ...]] = Counter()
    for sentence in SENTENCES:
        for at, word in enumerate(sentence.split()):
            words[tuple(letters[byte] for byte in ((" " if at else "") + word).encode())] += 1
    merges: list[tuple[str, str]] = []
    for _ in range(MERGES):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                pairs[pair] += times
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        words = Counter({_merged(word, best): times for word, times in words.items()})
    return [*SPECIALS, *TOOL_MARKS, *letters, *("".join(pair) for pair in merges)], merges


def _merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    for letter in word:
        if out and (out[-1], letter) == pair:
            out[-1] += letter
        else:
            out.append(letter)
    return tuple(out)


def weights(tokens: list[str]) -> dict[str, np.ndarray]:
    """By the names that transformers gives them.

    Place 0 of every vector is 1 and no layer touches it, so that column 0 of the head says how
    likely a token is on the whole: one that is no plain letter never comes, the end now and then,
    and what closes a piece of JSON often, so that grammars come to an end.
    """
    chance = np.random.default_rng(7)

    def some(*shape: int) -> np.ndarray:
        return (chance.standard_normal(shape) * 0.05).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    embedding = some(len(tokens), WIDTH)
    embedding[:, :KEPT] = [1, 0, 0, 0]
    made = {"model.embed_tokens.weight": embedding, "model.norm.weight": ones}
    for at in range(LAYERS):
        layer = {
            "input_layernorm": ones,
            "post_attention_layernorm": ones,
            "self_attn.q_proj": some(WIDTH, WIDTH),
            "self_attn.k_proj": some(WIDTH * KV_HEADS // HEADS, WIDTH),
            "self_attn.v_proj": some(WIDTH * KV_HEADS // HEADS, WIDTH),
            "self_attn.o_proj": some(WIDTH, WIDTH),
            "mlp.gate_proj": some(INNER, WIDTH),
            "mlp.up_proj": some(INNER, WIDTH),
            "mlp.down_proj": some(WIDTH, INNER),
        }
        layer["self_attn.o_proj"][:KEPT] = 0
        layer["mlp.down_proj"][:KEPT] = 0
        if at == 0:
            _let_it_call_a_tool(embedding, layer, tokens)
        made |= {f"model.layers.{at}.{name}.weight": value for name, value in layer.items()}
    head = some(len(tokens), WIDTH) * 4
    head[:, :KEPT] = 0
    head[:, 0] = [_likely(token) for token in tokens]
    head[tokens.index(CALL), 2] = head[tokens.index(END), 3] = 8
    head[tokens.index('"'), 3] = 0.5
    return made | {"lm_head.weight": head}


def _let_it_call_a_tool(
    embedding: np.ndarray, layer: dict[str, np.ndarray], tokens: list[str]
) -> None:
    """The first head looks for tools that were offered, and for a call that was made since.

    Place 1 marks the end of the tools, place 3 a call, which draws more attention; what the head
    brings from the tools goes to place 2, where it makes a call all but sure, and what it brings
    from a call to place 3, where it makes the end so, as soon as a grammar permits it.
    """
    embedding[tokens.index(TOOLS_END), 1] = 1
    embedding[tokens.index(CALL), 3] = 1
    width = WIDTH // HEADS
    # The last row turns least with the distance, however an engine pairs rows.
    layer["self_attn.q_proj"][:width] = 0
    layer["self_attn.q_proj"][width - 1, 0] = 2
    layer["self_attn.k_proj"][width - 1] = 0
    layer["self_attn.k_proj"][width - 1, [1, 3]] = 2, 4
    layer["self_attn.v_proj"][:2] = 0
    layer["self_attn.v_proj"][[0, 1], [1, 3]] = 1
    layer["self_attn.o_proj"][[2, 3], [0, 1]] = 1


def _likely(token: str) -> float:
    if token == END:
        return -0.1
    if token in (BEGIN, TURN, *TOOL_MARKS) or not token.replace("\u0120", " ").isascii():
        return -20.0
    return 0.5 if token in '"}],' else 0.0


def write_gguf(path: Path) -> None:
    """For llama.cpp: one file."""
    import gguf

    tokens, merges = vocabulary()
    out = gguf.GGUFWriter(path, "llama")
    out.add_name("tiny")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(KV_HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_vocab_size(len(tokens))
    out.add_file_type(gguf.LlamaFileType.ALL_F32)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens)
    kinds = dict.fromkeys(tokens, gguf.TokenType.NORMAL)
    kinds |= dict.fromkeys(SPECIALS, gguf.TokenType.CONTROL)
    kinds |= dict.fromkeys(TOOL_MARKS, gguf.TokenType.USER_DEFINED)
    out.add_token_types([kinds[token] for token in tokens])
    out.add_token_merges([" ".join(pair) for pair in merges])
    out.add_bos_token_id(tokens.index(END))
    out.add_eos_token_id(tokens.index(END))
    out.add_add_bos_token(False)
    out.add_chat_template(TEMPLATE)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)
    for name, value in weights(tokens).items():
        out.add_tensor(names.get_name(name, try_suffixes=(".weight",)), value)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def write_folder(folder: Path) -> None:
    """For transformers: a folder with weights, settings and tokenizer."""
    from safetensors.numpy import save_file

    tokens, merges = vocabulary()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights(tokens), folder / "model.safetensors", metadata={"format": "pt"})
    end = tokens.index(END)
    settings: dict[str, dict[str, Any]] = {
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": WIDTH,
            "intermediate_size": INNER,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "max_position_embeddings": CONTEXT,
            "vocab_size": len(tokens),
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": False,
            "bos_token_id": end,
            "eos_token_id": end,
            "dtype": "float32",
        },
        "generation_config.json": {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": END,
            "bos_token": END,
            "pad_token": END,
            "model_max_length": CONTEXT,
            "chat_template": TEMPLATE,
        },
        "tokenizer.json": _tokenizer(tokens, merges),
    }
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _tokenizer(tokens: list[str], merges: list[tuple[str, str]]) -> dict[str, Any]:
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    whole = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": tokens.index(name), "content": name, "special": name in SPECIALS, **whole}
            for name in (*SPECIALS, *TOOL_MARKS)
        ],
        "pre_tokenizer": {**byte_level, "use_regex": True},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: at for at, token in enumerate(tokens)},
            "merges": [list(pair) for pair in merges],
        },
    }


if __name__ == "__main__":
    what, where = sys.argv[1:]
    {"gguf": write_gguf, "folder": write_folder}[what](Path(where))
