"""Who slurmrestd believes, what it says to the others, and that we never take that for a no."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from allod.adapters.slurm.answers import NotBelieved, submitted_id
from allod.adapters.slurm.request import NodeSize, request_of
from allod.adapters.slurm.rest import RestCluster
from allod.adapters.slurm.tokens import TokenMaker
from allod.errors import RunnerUnknown
from tests.adapters.slurm.bench import ADA, BO, Bench, codes, order
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster

SIZES = {f"n{i}": NodeSize(8, 32, 32_000) for i in range(1, 5)}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key file that the cluster knows nothing of."""
    file = tmp_path / "key"
    file.write_bytes(b"x" * 32)
    file.chmod(0o600)
    return file


def test_a_bad_token_is_an_error_of_the_server_and_no_refusal(bench: Bench, key: Path) -> None:
    status, body = bench.ask("GET", "jobs", token="not.a.token")
    assert (status, codes(body)) == (500, {-1})
    status, body = bench.submit()
    assert status == 200
    stranger = bench.driver(key=key)
    for ask in (stranger.jobs, stranger.machines, stranger.about):
        with pytest.raises(NotBelieved):
            ask()
    job_id = body["job_id"]
    with pytest.raises(RunnerUnknown):
        stranger.signal(job_id, "root", None)
    with pytest.raises(RunnerUnknown):
        stranger.submit(request_of(order("true"), bench.slurm(), bench.node, SIZES))
    assert bench.raw(job_id)["job_state"] in ("PENDING", "RUNNING")


def test_who_was_not_believed_is_with_a_new_token(bench: Bench, key: Path) -> None:
    now_s = [int(time.time())]
    tokens = TokenMaker(key, lambda: now_s[0])
    driver = RestCluster(bench.cluster.rest_url, tokens, "root")
    bench._drivers.append(driver)
    with pytest.raises(NotBelieved):
        driver.jobs()
    key.write_bytes(bench.cluster.jwt_key.read_bytes())
    with pytest.raises(NotBelieved):
        driver.jobs()  # The token was just made: another one would be no better.
    now_s[0] += 30
    driver.jobs()


def test_a_token_that_has_run_out_is_not_believed(bench: Bench) -> None:
    long_ago = TokenMaker(bench.cluster.jwt_key, lambda: int(time.time()) - 1801)
    with pytest.raises(NotBelieved):
        bench_driver(bench, long_ago).jobs()
    in_time = TokenMaker(bench.cluster.jwt_key, lambda: int(time.time()) - 1700)
    bench_driver(bench, in_time).jobs()
    from_the_future = TokenMaker(bench.cluster.jwt_key, lambda: int(time.time()) + 7200)
    bench_driver(bench, from_the_future).jobs()


def test_a_token_is_good_for_one_user_unless_it_is_roots(bench: Bench) -> None:
    for_ada = bench.cluster.token(ADA)
    assert bench.ask("GET", "ping", user=ADA, token=for_ada)[0] == 200
    status, body = bench.ask("GET", "jobs", user=BO, token=for_ada)
    assert (status, codes(body)) == (500, {-1})
    status, body = bench.submit(user=ADA)
    assert status == 200
    assert bench.listed(submitted_id(status, body)).user == ADA


def test_one_header_alone_is_refused_before_slurm_is_asked(bench: Bench) -> None:
    for alone in ({"user": ""}, {"token": ""}):
        status, body = bench.ask("GET", "jobs", **alone)
        assert status == 401
        with pytest.raises(NotBelieved):
            submitted_id(status, body)


def test_our_tokens_are_made_for_the_user_whose_job_it_is(bench: Bench) -> None:
    """The file's key is enough: no token of root stands in for the users'."""
    job_id = bench.driver(operator="nobody").submit(
        request_of(order("true", person="bo"), bench.slurm(), bench.node, SIZES)
    )
    assert bench.listed(job_id).user == BO
    assert job_id in {job.job_id for job in bench.driver(operator=ADA).jobs()}


def test_a_controller_that_is_away_is_unknown(second_cluster: Cluster) -> None:
    away = Bench(second_cluster)
    driver = away.driver()
    driver.about()
    second_cluster.stop_slurmctld()
    try:
        with pytest.raises(RunnerUnknown, match="1800"):
            driver.submit(request_of(order("true"), away.slurm(), away.node, SIZES))
    finally:
        second_cluster.start_slurmctld()
    assert isinstance(driver.jobs(), tuple)
    away.clear()


def test_a_private_key_signs_where_slurm_has_the_public_half(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    pair = RSAKey.generate_key(2048, private=True)
    private = tmp_path / "allod-1"
    private.write_bytes(pair.as_pem(private=True))
    private.chmod(0o600)
    public = {**pair.as_dict(private=False), "alg": "RS256", "kid": private.name, "use": "sig"}
    (tmp_path / "jwks").write_text(json.dumps({"keys": [public]}))
    (tmp_path / "jwks").chmod(0o600)
    rsa = Bench(
        new_cluster(name="rsa", nodes=1, extra=(f"AuthAltParameters=jwks={tmp_path}/jwks",))
    )
    assert rsa.driver(key=private).about().release
    with pytest.raises(NotBelieved):
        rsa.driver().about()  # The other key counts no more.
    renamed = private.rename(tmp_path / "allod-2")
    with pytest.raises(NotBelieved):
        rsa.driver(key=renamed).about()
    rsa.clear()
    rsa.cluster.stop()


def bench_driver(bench: Bench, tokens: TokenMaker) -> RestCluster:
    driver = RestCluster(bench.cluster.rest_url, tokens, "root")
    bench._drivers.append(driver)
    return driver
