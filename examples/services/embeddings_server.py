"""A model of sentence-transformers as the command of a Service: /v1/embeddings as OpenAI's.

pip install sentence-transformers fastapi uvicorn
ENGINE_KEY=secret python embeddings_server.py --model all-MiniLM-L6-v2 --alias mini --port 8302
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field
from sentence_transformers import SentenceTransformer


class Asked(BaseModel):
    """What a caller sends."""

    input: str | Annotated[list[str], Field(min_length=1, max_length=2048)]
    model: str
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1)


def arguments() -> argparse.Namespace:
    """What it was called with."""
    parser = argparse.ArgumentParser(description="Embeddings by sentence-transformers.")
    parser.add_argument("--model", required=True, help="folder, or name in a hub")
    parser.add_argument("--alias", required=True, help="name that callers give as `model`")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--device", default=None, help="such as cpu or cuda; default: what is there"
    )
    return parser.parse_args()


def app_of(model: SentenceTransformer, alias: str, key: str) -> FastAPI:
    """The API: /health for all, the rest for who shows the key."""
    app = FastAPI(title="embeddings", docs_url=None, redoc_url=None)

    def shows_key(authorization: Annotated[str, Header()] = "") -> None:
        if key and not secrets.compare_digest(authorization, f"Bearer {key}"):
            raise HTTPException(401, "wrong key")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models", dependencies=[Depends(shows_key)])
    def models() -> dict[str, Any]:
        one = {"id": alias, "object": "model", "created": 0, "owned_by": "local"}
        return {"object": "list", "data": [one]}

    @app.post("/v1/embeddings", dependencies=[Depends(shows_key)])
    def embeddings(asked: Asked) -> dict[str, Any]:
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        vectors = model.encode(
            texts, normalize_embeddings=True, truncate_dim=asked.dimensions, convert_to_numpy=True
        )
        shown = [
            base64.b64encode(vector.astype("<f4").tobytes()).decode()
            if asked.encoding_format == "base64"
            else vector.tolist()
            for vector in vectors
        ]
        # As the model reads them: cut to its length, marks of begin and end included.
        tokens = sum(
            len(ids)
            for ids in model.tokenizer(texts, truncation=True, max_length=model.max_seq_length)[
                "input_ids"
            ]
        )
        return {
            "object": "list",
            "model": alias,
            "data": [
                {"object": "embedding", "index": at, "embedding": vector}
                for at, vector in enumerate(shown)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    return app


def main() -> None:
    """Serve until it is told to end."""
    given = arguments()
    model = SentenceTransformer(given.model, device=given.device)
    app = app_of(model, given.alias, os.environ.get("ENGINE_KEY", ""))
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
