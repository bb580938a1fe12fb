"""The application of the cold paths."""

from __future__ import annotations

from fastapi import FastAPI

from allod import __version__
from allod.gateway.cold import batches, files, pages
from allod.gateway.cold.errors import answer_with_errors
from allod.gateway.cold.state import ColdState


def create_app(state: ColdState) -> FastAPI:
    """Files, batches, metrics, description and page."""
    app = FastAPI(
        title="Allod AI services",
        version=__version__,
        # Their own pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.cold = state
    for module in (files, batches, pages):
        app.include_router(module.router)
    answer_with_errors(app)
    return app
