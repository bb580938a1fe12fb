"""Calls that go well, and what callers are told of those that cannot."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from allod.gateway.hot.body import read
from allod.gateway.hot.errors import Refused
from tests.gateway.hot.engines import Engine, Told, live, usage
from tests.gateway.hot.house import (
    CHAT,
    SECRET,
    House,
    key,
    priced,
    replica,
    request,
    said,
    service,
    table,
)


def test_a_call_is_answered_priced_and_recorded(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(priced(service(replica("w1", engine))))) as house:
            answer = await house.ask(said())
            assert answer.status == 200
            assert answer.headers["x-allod-site"] == "narvik"
            # 1 + 7 + 5 mJ at 1.2 of PUE.
            wanted = usage(5) | {"energy_mj": 16, "co2e_mg": 0, "energy_method": "estimated"}
            assert answer.plain()["usage"] == wanted
            assert answer.plain()["choices"][0]["message"]["content"].startswith("it said")
            (record,) = await house.record()
            assert record.id == answer.headers["x-request-id"]
            assert (record.prompt_tokens, record.answer_tokens) == (7, 5)
            assert (record.outcome, record.status, record.counted_by) == (
                "completed",
                200,
                "engine",
            )
            assert (record.site, record.replica, record.energy_mj) == ("narvik", "w1", 16)
            assert (record.project, record.access_class) == ("school", "research")
            await house.until(lambda: not house.in_book())
            head = engine.told[0].head.decode().lower()
            assert "authorization: bearer ek\r\n" in head and SECRET not in head

    live(run)


def test_of_a_stream_the_caller_gets_the_usage_that_it_asked_for_and_no_other(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(priced(service(replica("w1", engine))))) as house:
            plain = await house.ask(said(stream=True))
            assert len(plain.events()) == 6 and plain.events()[-1] == "[DONE]"
            assert "usage" not in plain.body.decode()
            asked = await house.ask(said(stream=True, stream_options={"include_usage": True}))
            *parts, last, done = asked.events()
            assert len(parts) == 5 and done == "[DONE]"
            assert not any("usage" in json.loads(part) for part in parts)
            assert json.loads(last)["usage"]["energy_mj"] == 16
            each = await house.ask(
                said(
                    stream=True,
                    stream_options={"include_usage": True, "continuous_usage_stats": True},
                )
            )
            assert all(json.loads(part)["usage"] for part in each.events()[:-1])
            records = await house.record(3)
            assert [record.answer_tokens for record in records] == [5, 5, 5]
            assert all(record.stream and record.first_ms is not None for record in records)

    live(run)


def test_events_pass_whatever_pieces_they_come_in(tmp_path: Path) -> None:
    events = b"".join(
        b'data: {"choices":[{"delta":{"content":"\\u00e6 %d"}}]}\r\n\r\n' % n for n in range(40)
    )
    last = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 40}}\r\n\r\n'
    whole = events + last + b"data: [DONE]\r\n\r\n"

    def cut_into(size: int) -> Any:
        async def behave(told: Told) -> None:
            await told.open()
            framed = b"".join(
                b"%X\r\n%b\r\n" % (len(whole[at : at + size]), whole[at : at + size])
                for at in range(0, len(whole), size)
            )
            framed += b"0\r\nx-trailer: 1\r\n\r\n"
            for at in range(0, len(framed), 61):
                await told.send(framed[at : at + 61])
                await asyncio.sleep(0)

        return behave

    async def run() -> None:
        engine = await Engine().start()
        entry = service(replica("w1", engine), engine="openai")
        async with House(tmp_path, table(entry)) as house:
            for size in (7, 64, 1000, len(whole)):
                engine.behave = cut_into(size)
                answer = await house.ask(said(stream=True))
                assert answer.body == events + b"data: [DONE]\r\n\r\n"
            assert {record.answer_tokens for record in await house.record(4)} == {40}
            assert engine.connections == 1

    live(run)


NONSENSE: list[tuple[Any, int, str, str | None]] = [
    (b"{", 400, "", None),
    (b"[1]", 400, "", None),
    (b"", 400, "", None),
    ({"messages": []}, 400, "missing_required_parameter", "model"),
    ({"model": 3, "messages": []}, 400, "invalid_type", "model"),
    ({"model": "tiny"}, 400, "missing_required_parameter", "messages"),
    ({"model": "tiny", "messages": "hi"}, 400, "invalid_type", "messages"),
    (said(stream="yes"), 400, "invalid_type", "stream"),
    (said(max_tokens="many"), 400, "invalid_type", "max_tokens"),
    (said(max_tokens=-1), 400, "integer_below_min_value", "max_tokens"),
    (said() | {"model": "huge"}, 404, "model_not_found", "model"),
]


def test_what_makes_no_sense_is_refused_in_words_of_openai(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for body, status, code, param in NONSENSE:
                answer = await house.ask(body)
                assert (answer.status, answer.code()) == (status, code), body
                assert answer.plain()["error"]["type"] == "invalid_request_error"
                assert answer.plain()["error"]["param"] == param
                assert answer.headers["x-request-id"].startswith("req_")
            assert not engine.told
            records = await house.record(len(NONSENSE))
            assert {record.outcome for record in records} == {"refused"}

    live(run)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"max_tokens": "many"}, """'max_tokens': expected an integer, but got "many" instead."""),
        ({"max_tokens": 1.5}, "'max_tokens': expected an integer, but got 1.5 instead."),
        ({"max_tokens": {}}, "'max_tokens': expected an integer, but got an object instead."),
        ({"max_tokens": -1}, "'max_tokens': it must not be below 0, but is -1."),
        ({"stream": "x" * 99}, f"""'stream': expected a boolean, but got "{"x" * 80}" instead."""),
    ],
)
def test_a_value_of_the_wrong_type_is_shown(more: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as caught:
        read("chat", orjson.dumps(said(**more)))
    assert caught.value.message.endswith(says)


def test_who_shows_no_good_key_gets_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        old = key("old", "sk-old", expires_at_s=int(time.time()) - 1)
        told = table(service(replica("w1", engine)), keys=(key(), old))
        async with House(tmp_path, told) as house:
            for secret in ("", "sk-wrong", "sk-old"):
                for path, method in ((CHAT, "POST"), ("/v1/models", "GET"), ("/v1/files", "GET")):
                    answer = await house.ask(said(), secret=secret, path=path, method=method)
                    assert (answer.status, answer.code()) == (401, "invalid_api_key")
            # The header by which the desk speaks for a key is nothing in the hands of others.
            answer = await house.ask(said(), secret="sk-wrong", extra="x-allod-key: k1\r\n")
            assert answer.status == 401
            assert not engine.told and not house.records()
            await house.renew(table(service(replica("w1", engine)), keys=()))
            assert (await house.ask(said())).status == 401

    live(run)


def test_models_are_those_that_the_key_may_call(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        far = service(replica("w2", engine), name="far", model="org/far")
        told = table(service(replica("w1", engine)), far)
        others = {"school": told.rules["school"] | {"chat": {}}, "all": told.rules["school"]}
        told = table(
            service(replica("w1", engine)),
            far,
            keys=(key(), key("k2", "sk-2", rule="all")),
            rules=others,
        )
        async with House(tmp_path, told) as house:

            async def got(path: str, secret: str = SECRET, method: str = "GET") -> Any:
                return await house.ask(b"", path=path, secret=secret, method=method)

            names = [one["id"] for one in (await got("/v1/models")).plain()["data"]]
            assert names == ["org/far"]
            names = [one["id"] for one in (await got("/v1/models", "sk-2")).plain()["data"]]
            assert names == ["org/far", "tiny"]
            assert (await got("/v1/models/org%2Ffar")).plain()["id"] == "org/far"
            assert (await got("/v1/models/org/far")).plain()["object"] == "model"
            assert (await got("/v1/models/tiny")).code() == "model_not_found"
            assert (await got("/v1/model")).code() == "unknown_url"
            assert (await got(CHAT)).status == 405
            caller = await house.open()
            await caller.send(request(b"", path="/v1/models", method="HEAD"))
            status, headers = await caller.head()
            assert status == 200 and int(headers["content-length"]) > 10
            await caller.send(request(said()))
            assert (await caller.answer()).status == 403
            caller.close()

    live(run)


def test_engines_are_told_the_priority_of_the_class_and_nothing_that_hurts_them(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        engine = await Engine().start()
        kinds = ("vllm", "sglang", "llama-cpp", "transformers", "openai")
        entries = [
            service(replica(f"w-{kind}", engine), name=kind, model=kind, engine=kind)
            for kind in kinds
        ]
        async with House(tmp_path, table(*entries)) as house:
            for kind in kinds:
                # What a caller says of these does not count: ours stands behind it.
                body = said(stream=True, priority=-99) | {"model": kind}
                assert (await house.ask(body)).status == 200
            told = {one.plain["model"]: one.plain for one in engine.told}
            assert told["vllm"]["priority"] == -5
            assert told["vllm"]["stream_options"]["continuous_usage_stats"] is True
            assert told["sglang"]["stream_options"]["include_usage"] is True
            assert told["llama-cpp"]["timings_per_token"] is True
            assert told["openai"]["stream_options"] == {"include_usage": True}
            assert told["transformers"] == said(stream=True, priority=-99) | {
                "model": "transformers"
            }

    live(run)


def test_where_an_engine_bends_the_api_the_caller_does_not_hear_it(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        entry = service(
            replica("w1", engine), engine="transformers", operations=("chat", "responses")
        )
        async with House(tmp_path, table(entry)) as house:

            async def unmarked(told: Told) -> None:
                await told.open()
                await told.token()
                await told.send(b"0\r\n\r\n")

            engine.behave = unmarked
            answer = await house.ask(said(stream=True))
            assert answer.body.endswith(b"data: [DONE]\n\n")
            engine.behave = lambda told: told.whole(b'{"object":"response"}')
            await house.ask({"model": "tiny", "input": "x"}, path="/v1/responses")
            assert engine.told[-1].plain["stream"] is False

    live(run)


def test_tokens_of_several_choices_are_added_up(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(
            tmp_path, table(service(replica("w1", engine), engine="llama-cpp"))
        ) as house:

            async def each_by_itself(told: Told) -> None:
                await told.open()
                for tokens in (3, 4):
                    last = {"choices": [], "usage": usage(tokens)}
                    await told.event(json.dumps(last, separators=(",", ":")).encode())
                await told.event(b"[DONE]")
                await told.send(b"0\r\n\r\n")

            engine.behave = each_by_itself
            await house.ask(said(stream=True))
            (record,) = await house.record()
            assert (record.prompt_tokens, record.answer_tokens) == (7, 7)

    live(run)


def test_what_an_engine_refuses_the_caller_hears_in_openais_form(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            engine.behave = lambda told: told.whole(b'{"detail":"too long"}', 422)
            answer = await house.ask(said())
            assert (answer.status, answer.plain()["error"]["message"]) == (422, "too long")
            ours = b'{"error":{"message":"no","type":"t","param":null,"code":"c"}}'
            engine.behave = lambda told: told.whole(ours, 400)
            answer = await house.ask(said(stream=True))
            assert (answer.status, answer.body) == (400, ours)
            llama = b'{"error":{"code":400,"message":"empty","type":"invalid_request_error"}}'
            engine.behave = lambda told: told.whole(llama, 400)
            assert (await house.ask(said())).plain()["error"] == {
                "message": "empty",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
            assert {record.outcome for record in await house.record(3)} == {"completed"}

    live(run)


def test_content_is_kept_for_a_project_that_asked_for_it_and_for_no_other(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        keys = (key(), key("k2", "sk-2", content=True))
        async with House(tmp_path, table(service(replica("w1", engine)), keys=keys)) as house:
            await house.ask(said("the first secret"))
            await house.ask(said("the second secret", stream=True), secret="sk-2")
            await house.record(2)
            files = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
            assert not any("first secret" in content for content in files.values())
            (path,) = (path for path, content in files.items() if "second secret" in content)
            assert path.parent == tmp_path / "content" / "school"
            line = json.loads(files[path])
            assert "second secret" in line["request"] and "[DONE]" in line["answer"]
            assert path.stat().st_mode & 0o77 == 0

    live(run)
