"""The server: real HTTP/1.1, one address for all offices, every request kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import httpx
import pytest

from pipelines.rehearsal.office import Query, Reply
from pipelines.rehearsal.server import Asked, Offices
from tests.waiting import PATIENCE, until
from tests.web import kept_port


class Echo:
    """An office that repeats what it was asked."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name

    def answer(self, path: str, query: Query, headers: Mapping[str, str]) -> Reply:
        return Reply(200, {"Content-Type": "text/plain"}, f"{self.name} {path} {list(query)} {headers.get('x-odd')}".encode())


def test_an_office_sees_its_own_path_the_decoded_query_in_order_and_the_headers():
    with Offices({"echo": Echo()}) as offices:
        answer = httpx.get(f"{offices.address}/echo/data/a%20b?x=1&y=from+2023-01+to+2023-02&x=2836%2A&z=", headers={"X-Odd": "yes"})
    expected = "echo /data/a b [('x', '1'), ('y', 'from 2023-01 to 2023-02'), ('x', '2836*'), ('z', '')] yes"
    assert answer.text == expected
    assert answer.headers["content-length"] == str(len(expected))


def test_one_connection_serves_many_requests():
    with Offices({"echo": Echo()}) as offices, httpx.Client(base_url=offices.address) as client:
        connections = {client.get("/echo/a").extensions["network_stream"].get_extra_info("client_addr") for _ in range(5)}
    assert len(connections) == 1


def test_head_tells_the_length_and_sends_nothing():
    with Offices({"echo": Echo()}) as offices, httpx.Client(base_url=offices.address) as client:
        answers = [client.head("/echo/a"), client.get("/echo/a")]
        assert [(answer.headers["content-length"], len(answer.content)) for answer in answers] == [("15", 0), ("15", 15)]


def test_requests_are_kept_in_the_order_of_arrival_without_their_key():
    heard: list[Asked] = []
    with Offices({"echo": Echo()}, after_request=heard.append) as offices:
        httpx.get(f"{offices.address}/echo/a?get=X&key=hidden&time=2023")
        httpx.get(f"{offices.address}/nobody/b")
        until(lambda: len(heard) == 2, "both answers to be told of", every=0.02)
        first, second = offices.asked
        offices.forget()
        assert offices.asked == []
    assert (first.office, first.method, first.path, first.query) == ("echo", "GET", "/a", [("get", "X"), ("time", "2023")])
    assert (first.had_key, first.status) == (True, 200)
    assert (second.office, second.had_key, second.status) == ("nobody", False, 404)
    assert "hidden" not in repr(heard)


def test_a_replaced_office_answers_from_the_next_request_on():
    with Offices({"echo": Echo("first")}) as offices, httpx.Client(base_url=offices.address) as client:
        before = client.get("/echo/a").text.split()[0]
        offices.replace("echo", Echo("second"))
        assert (before, client.get("/echo/a").text.split()[0]) == ("first", "second")


def test_many_may_ask_at_once():
    with Offices({"echo": Echo()}) as offices:

        def ask(number: int) -> None:
            httpx.get(f"{offices.address}/echo/{number}", timeout=PATIENCE)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(int(request.path[1:]) for request in offices.asked) == list(range(20))


def test_a_closed_office_refuses_even_on_a_connection_that_was_kept_alive():
    with httpx.Client() as client, kept_port() as port:
        with Offices({"echo": Echo()}, port) as offices:
            client.get(f"{offices.address}/echo/a")
        with pytest.raises(httpx.ConnectError):
            client.get(f"{offices.address}/echo/a")
