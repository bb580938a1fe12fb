"""What workers answer, in shapes: so that the description has all public operations.

They pass bodies on as they are. What stands here is what OpenAI's API has of it and every engine
can be told; an engine may take more, and says more.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class StreamOptions(_Open):
    """What a stream brings beside."""

    include_usage: bool | None = None


class Message(_Open):
    """What was said before."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class _Sampling(_Open):
    model: str
    stream: bool | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    user: str | None = None


class ChatAsked(_Sampling):
    """A conversation to go on with."""

    messages: list[Message] = Field(min_length=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1, le=128)
    stop: str | list[str] | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    stream_options: StreamOptions | None = None


class CompletionAsked(_Sampling):
    """A text to go on with."""

    prompt: str | list[str] | list[int] | list[list[int]]
    max_tokens: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1, le=128)
    stop: str | list[str] | None = None
    seed: int | None = None
    echo: bool | None = None
    logprobs: int | None = Field(default=None, ge=0, le=5)
    stream_options: StreamOptions | None = None


class EmbeddingsAsked(_Open):
    """Texts to embed."""

    model: str
    input: str | list[str] | list[int] | list[list[int]]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(default=None, ge=1)
    user: str | None = None


class ResponseAsked(_Sampling):
    """As chat, in the form of OpenAI's later API."""

    input: str | list[dict[str, Any]]
    instructions: str | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class Usage(_Open):
    """What a call came to. The last three are Allod's own, where they are known."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int | None = None
    energy_mj: int | None = Field(default=None, description="Energy of the call. [mJ]")
    co2e_mg: float | int | None = Field(default=None, description="Carbon of it. [mg CO2e]")
    energy_method: str | None = None


class ChatChoice(_Open):
    """One answer."""

    index: int
    message: dict[str, Any]
    finish_reason: str | None = None


class ChatCompletion(_Open):
    """The answer of a chat."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage | None = None


class CompletionChoice(_Open):
    """One text."""

    index: int
    text: str
    finish_reason: str | None = None


class Completion(_Open):
    """The answer of a completion."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage | None = None


class Embedding(_Open):
    """One vector; base64 of floats if that was asked for."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingList(_Open):
    """The answer of embeddings."""

    object: Literal["list"]
    model: str
    data: list[Embedding]
    usage: Usage | None = None


class Response(_Open):
    """The answer of a response."""

    id: str
    object: Literal["response"]
    model: str
    status: str | None = None
    output: list[dict[str, Any]]
    usage: dict[str, Any] | None = None


class Model(_Open):
    """A model that the key may call."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """All of them."""

    object: Literal["list"]
    data: list[Model]


class ErrorBody(BaseModel):
    """What was wrong."""

    message: str
    type: str
    param: str | None
    code: str | None
    why: list[str] | None = None
    """All reasons, where the message has the first ones only."""


class Error(BaseModel):
    """How every refusal looks."""

    error: ErrorBody


#: (method, path, name, title, what is asked, what is answered, whether it can be streamed).
Operation = tuple[str, str, str, str, type[BaseModel] | None, type[BaseModel], bool]
OPERATIONS: tuple[Operation, ...] = (
    ("post", "/v1/chat/completions", "createChatCompletion", "Go on with a conversation",
     ChatAsked, ChatCompletion, True),
    ("post", "/v1/completions", "createCompletion", "Go on with a text",
     CompletionAsked, Completion, True),
    ("post", "/v1/embeddings", "createEmbedding", "Embed texts",
     EmbeddingsAsked, EmbeddingList, False),
    ("post", "/v1/responses", "createResponse", "Answer",
     ResponseAsked, Response, True),
    ("get", "/v1/models", "listModels", "List models", None, ModelList, False),
    ("get", "/v1/models/{model}", "retrieveModel", "Describe a model", None, Model, False),
)  # fmt: skip
