"""The tag in a job's comment by which a run of a workload is known again, whoever asks.

A node is known by 32 hex digits, of which the tag shows the first eight. The others sign it: users
of the cluster see comments, and none can make a job that passes for a run before that run is there.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from allod.run.ports import RunKey

_TAG = re.compile(
    r"allod:(?P<node>[0-9a-f]{8}):(?P<workload>[A-Za-z0-9._-]{1,128})\.(?P<run>[0-9]{1,7})"
    r":(?P<proof>[0-9a-f]{16})"
)


def tag(node: str, key: RunKey) -> str:
    """The tag of a run of `node`."""
    return f"allod:{node[:8]}:{key[0]}.{key[1]}:{proof(node, key)}"


def proof(node: str, key: RunKey) -> str:
    """What only the node itself can know of a run until it has begun."""
    signed = hmac.new(node.encode(), f"{key[0]}.{key[1]}".encode(), hashlib.sha256)
    return signed.hexdigest()[:16]


def parse_tag(comment: str, node: str) -> RunKey | None:
    """The run that a job with this comment is; None if it is none of this node's."""
    found = _TAG.fullmatch(comment)
    if found is None or found["node"] != node[:8]:
        return None
    key = (found["workload"], int(found["run"]))
    return key if hmac.compare_digest(found["proof"], proof(node, key)) else None
