"""Files at the gateway, by HTTP, as OpenAI's clients leave and read them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.gateway.desk.surroundings import OTHER, Desk


def upload(desk: Desk, content: bytes, purpose: str = "batch", **fields: str) -> httpx.Response:
    files = {"file": ("calls.jsonl", content, "application/jsonl")}
    data = {"purpose": purpose} | fields
    return desk.ask("POST", "/v1/files", files=files, data=data)


def error(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def test_a_file_is_left_read_listed_and_deleted(desk: Desk) -> None:
    content = b"\r\n--x\r\n\0" + bytes(range(256)) * 8192
    left = upload(desk, content)
    assert left.status_code == 200, left.text
    file = left.json()
    assert {name: file[name] for name in ("object", "bytes", "filename", "purpose", "status")} == {
        "object": "file", "bytes": len(content), "filename": "calls.jsonl", "purpose": "batch",
        "status": "processed",
    }  # fmt: skip
    path = desk.place.files / file["id"]
    # It stays until it is deleted, and OpenAI has no null for that.
    assert "expires_at" not in file
    assert path.stat().st_mode & 0o777 == 0o600
    assert desk.get(f"/v1/files/{file['id']}").json() == file
    assert desk.get(f"/v1/files/{file['id']}/content").content == content
    page = desk.get("/v1/files").json()
    assert (page["object"], page["data"], page["has_more"]) == ("list", [file], False)
    gone = desk.ask("DELETE", f"/v1/files/{file['id']}")
    assert gone.json() == {"id": file["id"], "object": "file", "deleted": True}
    assert not path.exists()
    again = desk.ask("DELETE", f"/v1/files/{file['id']}")
    assert (again.status_code, error(again)["param"]) == (404, "id")


def test_a_file_belongs_to_the_project_of_its_key_alone(desk: Desk) -> None:
    file_id = upload(desk, b"secret").json()["id"]
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        answer = desk.ask(method, f"/v1/files/{file_id}{path}", OTHER)
        assert answer.status_code == 404
        assert b"secret" not in answer.content
    assert desk.get("/v1/files", OTHER).json()["data"] == []
    assert desk.get(f"/v1/files/{file_id}/content").content == b"secret"
    assert desk.get("/v1/files", "sk-allod-of-nobody").status_code == 401


def test_law_keeps_files_of_a_project_away(desk: Desk) -> None:
    files = {"file": ("a", b"x")}
    answer = desk.ask("POST", "/v1/files", OTHER, files=files, data={"purpose": "batch"})
    assert answer.status_code == 403
    assert "narvik is in Norway, not in Morocco" in error(answer)["message"]
    assert list(desk.place.files.iterdir()) == []


def test_forms_that_cannot_be_used_leave_nothing(desk: Desk) -> None:
    for answer, param in (
        (upload(desk, b"x", "spying"), "purpose"),
        (desk.ask("POST", "/v1/files", files={"other": b"x"}, data={"purpose": "batch"}), "file"),
        (upload(desk, b"x", **{"expires_after[seconds]": "5"}), "expires_after[seconds]"),
        (desk.ask("POST", "/v1/files", content=b"x"), None),
    ):
        assert answer.status_code == 400
        assert error(answer)["param"] == param
    assert list(desk.place.files.iterdir()) == []


def test_pages_follow_each_other(desk: Desk) -> None:
    ids = [upload(desk, b"x", **{"expires_after[seconds]": "3600"}).json()["id"] for _ in range(3)]
    first = desk.get("/v1/files?limit=2").json()
    assert ([file["id"] for file in first["data"]], first["has_more"]) == (ids[:0:-1], True)
    rest = desk.get(f"/v1/files?limit=2&after={first['last_id']}").json()
    assert ([file["id"] for file in rest["data"]], rest["has_more"]) == (ids[:1], False)
    oldest = desk.get("/v1/files?order=asc").json()["data"]
    assert [file["id"] for file in oldest] == ids
    assert oldest[0]["expires_at"] == oldest[0]["created_at"] + 3600
    assert error(desk.get("/v1/files?limit=0"))["param"] == "limit"
