"""What machines are told about the desk's health, and what only its people are."""


async def test_health_tells_strangers_yes_or_no_and_nothing_else(desk, visitor):
    desk.clock.advance(90)

    answer = await visitor.get("/healthz")

    assert answer.status == 200
    assert await answer.json() == {
        "ok": True,
        "uptime_seconds": 90.0,
        "checks": {"database": True, "feed": True},
    }


async def test_health_tells_strangers_nobody_s_account(desk, visitor):
    desk.checks = {"account mina": True, "account juno": False, "account ruth": True}

    body = await (await visitor.get("/healthz")).json()

    assert body["checks"] == {"account": False}


async def test_health_tells_the_owner_the_details(owner):
    body = await (await owner.get("/healthz")).json()

    assert body["checks"] == {"database": {"ok": True, "detail": "12 MB"}, "feed": True}


async def test_a_failing_check_makes_it_not_ready_but_alive(desk, visitor):
    desk.checks["feed"] = {"ok": False, "detail": "silent for 7 min"}

    alive, ready = await visitor.get("/healthz"), await visitor.get("/readyz")

    assert (alive.status, ready.status) == (200, 503)
    assert (await alive.json())["ok"] is False
    assert (await ready.json())["checks"] == {"database": True, "feed": False}


async def test_it_is_ready_when_every_check_passes(visitor):
    assert (await visitor.get("/readyz")).status == 200
