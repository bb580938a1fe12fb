"""The hot path of a worker: a call from its first byte to its record.

`server` reads callers, `call` is one call's life, `upstream` the connections to engines; between
them `keys`, `routes`, `limits`, `queue` and `balance` say who may go where and when. Nothing here
imports more than Python, uvloop, httptools and orjson, so that a worker stays small.
"""
