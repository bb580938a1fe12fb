"""Access: who asks, and whether they may. No token, no write; reading is open on loopback alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import monotonic

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from allod.api.node_api import NodeApi
from allod.api.problems import Unauthorized
from allod.api.settings import ApiSettings
from allod.errors import Forbidden
from allod.run.node_views import Role, Token

_KEPT_MAX = 1024


class Access:
    """Tells who holds the token of a request; keeps the answer for a few seconds."""

    def __init__(self, node: NodeApi, settings: ApiSettings) -> None:
        self._node = node
        self._settings = settings
        self._kept: dict[bytes, tuple[float, Token]] = {}

    async def need(self, request: Request, role: Role) -> Token:
        """The token of `request`, if it may do what `role` may.

        Raises:
            Unauthorized: There is no token, or nobody holds it.
            Forbidden: Its role is not enough, or it is the key of a project.
        """
        header = request.headers.get("authorization", "")
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized(
                f"this needs a token of role '{role}'",
                mend="send 'Authorization: Bearer TOKEN'; `allod token make` makes one",
            )
        token = await self._holder(secret)
        if token is None:
            await self._refuse_key(secret)
            raise Unauthorized(
                "nobody holds this token", mend="make one with `allod token make`", wrong=True
            )
        if not token.role.may(role):
            raise Forbidden(
                f"token '{token.name}' has the role '{token.role}'; this needs '{role}'",
                mend=f"use a token of role '{role}'",
            )
        return token

    async def _refuse_key(self, secret: str) -> None:
        """Says so to whoever shows the key of a project, which opens the gateway alone."""
        key = await run_in_threadpool(self._node.keys.holder, secret)
        if key is not None:
            raise Forbidden(
                f"key '{key.name}' of project {key.project} is for calls through the gateway; "
                "this needs a token of the node",
                mend="ask the operator for one, or for what you want to see",
            )

    async def need_to_read(self, request: Request) -> Token | None:
        """The token of a caller who may read; None where reading needs none and none was sent.

        Raises as `need` does.
        """
        if not self._settings.reads_are_open or "authorization" in request.headers:
            return await self.need(request, Role.READ)
        return None

    async def _holder(self, secret: str) -> Token | None:
        digest = sha256(secret.encode()).digest()
        kept = self._kept.get(digest)
        if kept and kept[0] > monotonic():
            return kept[1]
        token = await run_in_threadpool(self._node.token_check, secret)
        self._kept.pop(digest, None)
        if token is not None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.pop(next(iter(self._kept)))
            self._kept[digest] = (monotonic() + self._settings.token_kept_s, token)
        return token


def access_of(request: Request) -> Access:
    """The access of the application that `request` came to."""
    access: Access = request.app.state.access
    return access


async def may_read(request: Request) -> None:
    """Lets a request pass that may read."""
    await access_of(request).need_to_read(request)


def needs(role: Role) -> Callable[[Request], Awaitable[Token]]:
    """Lets a request pass whose token may do what `role` may, and tells whose it is."""

    async def token(request: Request) -> Token:
        return await access_of(request).need(request, role)

    return token
