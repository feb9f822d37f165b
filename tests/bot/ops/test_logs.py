"""Lines reach the terminal and the file, each on one line, and no secret reaches either."""

import json
import logging
import stat
import subprocess
import sys
import threading
import warnings
from urllib.parse import quote

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.ops import logs
from bot.ops.redact import HIDDEN
from tests.bot.ops.test_redact import ENCODINGS, secrets
from trading.domain.errors import SettingsError
from trading.settings import Log

SECRET = '123456:s3cret "of" the\n bot/ü'


@pytest.fixture(autouse=True)
def closed():
    yield
    logs.close()


@pytest.fixture
def lines(tmp_path, capfd):
    """What was written: to the file as events, to the terminal as text."""

    class Lines:
        def start(self, **setting):
            logs.set_up(Log(**setting), tmp_path / "logs", [SECRET])
            return structlog.get_logger("desk")

        @property
        def events(self):
            return [json.loads(line) for line in self.file.splitlines()]

        @property
        def file(self):
            return (tmp_path / "logs" / logs.FILE).read_text()

        terminal = property(lambda self: capfd.readouterr().err)

    return Lines()


def test_an_event_is_one_line_with_its_fields(lines):
    lines.start().info("order_filled", symbol="BTC/USDT", amount="0.5", note="two words")

    assert lines.terminal[20:] == 'info     desk: order_filled symbol=BTC/USDT amount=0.5 note="two words"\n'
    event = lines.events[0]
    assert event.pop("at").endswith("Z")
    assert list(event) == ["level", "logger", "event", "symbol", "amount", "note"]


def test_machines_get_json_on_the_terminal(lines):
    lines.start(format="json").warning("feed_lost", missed=3)

    event = json.loads(lines.terminal)
    assert (event["level"], event["event"], event["missed"]) == ("warning", "feed_lost", 3)


def test_a_level_below_the_setting_is_not_written(lines):
    log = lines.start(level="warning")

    log.info("unimportant")
    logging.getLogger("elsewhere").info("unimportant")
    log.error("important")

    assert [event["event"] for event in lines.events] == ["important"]


def test_context_is_in_every_line_of_its_task(lines):
    log = lines.start()

    with structlog.contextvars.bound_contextvars(account="main"):
        log.info("in")
        logging.getLogger("elsewhere").info("in, too")
    log.info("out")

    assert [event.get("account") for event in lines.events] == ["main", "main", None]


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.http11", "telegram.ext", "discord.http", "ccxt.base.exchange"]
)
def test_libraries_that_log_every_request_are_quiet_even_in_debug(lines, name):
    lines.start(level="debug")

    logging.getLogger(name).info("GET /bot123/getMe")
    logging.getLogger(name).debug("headers")
    logging.getLogger(name).warning("slow")

    assert [event["event"] for event in lines.events] == ["slow"]


def test_a_traceback_is_indented_so_that_nothing_in_it_passes_for_a_line(lines):
    log = lines.start()

    try:
        raise ValueError("what\n2026-01-01 00:00:00 info     desk: all is well\r\x1b[2K")
    except ValueError:
        log.exception("failed")

    head, *trace = lines.terminal.splitlines()
    assert head.endswith(r'info     desk: all is well\r\u001b[2K"')
    assert {line[:6] for line in trace} == {"    | "}
    assert trace[-1] == r"    | 2026-01-01 00:00:00 info     desk: all is well\r\u001b[2K"
    assert lines.events[0]["exception"].startswith("Traceback (most recent call last):\n")


@pytest.mark.parametrize("style", ["console", "json"])
def test_line_ends_terminal_codes_and_direction_marks_are_written_out(lines, style):
    lines.start(format=style).info("typed\nforged", line="a\x1b[31mb\u202ec\u2028d\x85", **{"na\nme": 1})

    shown = lines.terminal
    assert shown.count("\n") == 1
    assert shown.rstrip("\n").isprintable()
    assert lines.file.rstrip("\n").isprintable()
    assert lines.events[0]["line"] == "a\x1b[31mb\u202ec\u2028d\x85"


# --- no secret --------------------------------------------------------------------------------------------


class Talkative:
    """An object that gives its secret away when it is printed."""

    def __init__(self, secret):
        self.secret = secret

    def __repr__(self):
        return f"Talkative({self.secret!r})"


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def as_cause(text):
    error = RuntimeError("outer")
    error.__cause__ = raised(ValueError(text))
    return raised(error)


LIBRARY = logging.getLogger("library")
WAYS = {
    "event": lambda log, text: log.info(text),
    "field": lambda log, text: log.info("x", field=text),
    "name of a field": lambda log, text: log.info("x", **{text: 1}),
    "nested": lambda log, text: log.info("x", field={"a": [1, {text: (text,)}], "b": {text}}),
    "object": lambda log, text: log.info("x", field=Talkative(text)),
    "bytes": lambda log, text: log.info("x", field=text.encode()),
    "context": lambda log, text: log.bind(who=text).info("x"),
    "exception": lambda log, text: log.error("x", exc_info=raised(ValueError(text))),
    "cause of an exception": lambda log, text: log.error("x", exc_info=as_cause(text)),
    "group of exceptions": lambda log, text: log.error(
        "x", exc_info=raised(ExceptionGroup("g", [KeyError(text)]))
    ),
    "library message": lambda log, text: LIBRARY.warning(text),
    "library argument": lambda log, text: LIBRARY.warning("%s %r", text, text),
    "library object": lambda log, text: LIBRARY.warning("%s", Talkative(text)),
    "library extra": lambda log, text: LIBRARY.warning("x", extra={"more": text}),
    "library exception": lambda log, text: LIBRARY.error("x", exc_info=raised(ValueError(text))),
    "library stack": lambda log, text: LIBRARY.warning(text, stack_info=True),
    "url": lambda log, text: LIBRARY.warning("GET %s", f"http://x/{quote(text)}?q={quote(text, safe='')}"),
    "warning": lambda log, text: warnings.warn_explicit(text, UserWarning, "there.py", 1),
    "crash": lambda log, text: sys.excepthook(ValueError, raised(ValueError(text)), None),
    "name of a logger": lambda log, text: logging.getLogger(f"a.{text}").warning("x"),
}


@pytest.mark.parametrize("style", ["console", "json"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_planted_secret_is_hidden_whatever_way_it_takes(lines, way, style):
    log = lines.start(format=style)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        way(log, f"before {SECRET} after")

    for written in (lines.terminal, lines.file):
        assert HIDDEN in written
        assert "s3cret" not in written
    assert "s3cret" not in json.dumps(lines.events)
    assert "s3cret" not in "".join(logs.tail(9))


@pytest.mark.parametrize("style", ["console", "json"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(
    secret=secrets,
    way=st.sampled_from(
        [way for name, way in WAYS.items() if name not in ("warning", "crash", "name of a logger")]
    ),
    encode=st.sampled_from(list(ENCODINGS.values())),
    before=st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
)
def test_a_random_secret_in_a_random_place_and_encoding_never_survives(
    lines, style, secret, way, encode, before
):
    log = lines.start(format=style)
    logs.protect(secret)
    already = len(lines.events)

    way(log, f"{before}{encode(secret)} {secret}")

    shown = lines.terminal.replace(HIDDEN, "█")
    stored = json.dumps(lines.events[already:], ensure_ascii=False).replace(HIDDEN, "█")
    unescaped = "".join(str(value) for event in lines.events[already:] for value in event.values())
    for written in (shown, stored, unescaped.replace(HIDDEN, "█")):
        assert secret not in written
        assert encode(secret) not in written


def test_a_field_named_like_a_secret_is_hidden_whatever_it_holds(lines):
    lines.start().info(
        "x", bot_token="abc", request={"headers": {"Authorization": ["a", "b"], "Accept": "c"}}
    )

    event = lines.events[0]
    assert event["bot_token"] == HIDDEN
    assert event["request"] == {"headers": {"Authorization": HIDDEN, "Accept": "c"}}


def test_a_secret_that_looks_like_part_of_an_escape_does_not_break_the_line(lines):
    log = lines.start()
    logs.protect("0000ab", "123456")

    log.info("x", field="\x00ab", number=123456, other=1234567.5)

    event = lines.events[0]
    assert (event["field"], event["number"], event["other"]) == ("\x00ab", HIDDEN, f"{HIDDEN}7.5")


def test_a_secret_learnt_later_is_hidden_in_what_is_read_back(lines):
    lines.start().info("x", code="late-secret")

    logs.protect("late-secret")

    assert logs.tail(1)[0].endswith(f"desk: x code={HIDDEN}")


def test_a_line_that_cannot_be_written_shows_its_content_nowhere(lines, monkeypatch):
    log = lines.start()
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if type(handler).__module__ == "bot.ops.logfile"]
    monkeypatch.setattr(root, "handlers", ours)  # without those of the test runner
    for handler in ours:
        monkeypatch.setattr(handler, "flush", full_disk)

    log.info("x", field=SECRET)
    LIBRARY.warning("%d", SECRET)

    said = lines.terminal
    assert "could not be written (OSError)" in said
    assert "could not be written (TypeError)" in said
    assert "s3cret" not in said


def full_disk():
    raise OSError(28, "No space left on device")


def test_data_that_contains_itself_is_still_logged(lines):
    endless = {"a": 1}
    endless["self"] = endless

    lines.start().info("x", field=endless)

    assert lines.events[0]["field"]["a"] == 1


def test_a_crash_of_the_whole_program_is_redacted():
    program = (
        "from bot.ops import logs; from trading.settings import Log;"
        "logs.set_up(Log(), None, ['planted-secret']);"
        "raise SystemError('planted-secret')"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert "python: crashed" in run.stderr
    assert f"SystemError: {HIDDEN}" in run.stderr


def test_a_crash_of_a_thread_is_kept(lines):
    lines.start()

    thread = threading.Thread(target=full_disk, name="worker")
    thread.start()
    thread.join()

    event = lines.events[0]
    assert (event["event"], event["thread"], event["level"]) == ("thread_crashed", "worker", "error")


# --- the file ---------------------------------------------------------------------------------------------


def test_only_the_owner_can_read_the_files_even_after_they_were_set_aside(lines, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / logs.FILE).touch(mode=0o644)
    log = lines.start(size_mb=1, files=2)

    for number in range(40):
        log.info("x", number=number, padding=" " * 100_000)

    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == [logs.FILE, f"{logs.FILE}.1", f"{logs.FILE}.2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 1_000_000 for file in files)


def test_the_folders_that_are_made_are_the_owners_alone(tmp_path):
    logs.set_up(Log(), tmp_path / "data" / "logs")

    made = (tmp_path / "data", tmp_path / "data" / "logs")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700, 0o700]


def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "data").write_text("a file, not a folder")

    with pytest.raises(SettingsError) as refused:
        logs.set_up(Log(), tmp_path / "data" / "logs")

    folder = tmp_path / "data" / "logs"
    assert refused.value.tell == (
        f"Logs cannot be written to {folder} (there is a file in the way); set data_dir to a folder that can be."
    )


def test_starting_twice_writes_every_line_once(lines):
    lines.start()
    log = lines.start()

    log.info("x")

    assert len(lines.events) == 1


# --- reading back -----------------------------------------------------------------------------------------


def test_tail_tells_the_last_lines_oldest_first(lines):
    log = lines.start()
    for number in range(5):
        log.info("x", number=number)

    assert [line[20:] for line in logs.tail(2)] == ["info     desk: x number=3", "info     desk: x number=4"]
    assert len(logs.tail(99)) == 5
    assert logs.tail(0) == []


def test_tail_can_leave_out_lesser_lines(lines):
    log = lines.start()
    log.info("a")
    log.warning("b")
    log.critical("c")
    log.error("d")

    assert [line.split(": ")[1] for line in logs.tail(9, "warning")] == ["b", "c", "d"]
    assert [line.split(": ")[1] for line in logs.tail(9, "error")] == ["c", "d"]


def test_tail_goes_on_in_the_file_that_was_set_aside(lines):
    log = lines.start(size_mb=1)
    for number in range(12):
        log.info("x", number=number, padding=" " * 100_000)

    assert [line.split("number=")[1].split()[0] for line in logs.tail(6)] == ["6", "7", "8", "9", "10", "11"]


def test_tail_shows_a_line_that_a_crash_cut_short(lines, tmp_path):
    lines.start().info("x")
    with (tmp_path / "logs" / logs.FILE).open("a") as file:
        file.write('{"at": "2026-11-21T12:00:00Z", "lev\n[1]\n{"level": 5}\n')

    assert [line.split(": ", 1)[1] for line in logs.tail(9)] == [
        "x",
        '{"at": "2026-11-21T12:00:00Z", "lev',
        "[1]",
        '{"level": 5}',
    ]


def test_without_a_file_there_is_nothing_to_read_back():
    logs.set_up(Log(), None)

    structlog.get_logger("desk").info("x")

    assert logs.tail(5) == []
