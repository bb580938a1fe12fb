"""The HTTP API under /v1."""

from allod.api.app import close_streams, create_app
from allod.api.node_api import NodeApi
from allod.api.settings import ApiSettings

__all__ = ["ApiSettings", "NodeApi", "close_streams", "create_app"]
