"""Studies opened for the first time by many at once."""

import multiprocessing

from trading.domain.errors import Refused
from trading.lab.studies import Studies


def open_them(url: str, answers) -> None:
    try:
        studies = Studies(url)
        studies.close()
        answers.put("opened")
    except Refused as refused:
        answers.put(refused.tell)


def test_processes_that_begin_at_the_same_moment_all_open_them(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(4):
        answers = context.Queue()
        url = f"sqlite:///{tmp_path / f'{attempt}.db'}"
        together = [context.Process(target=open_them, args=(url, answers)) for _ in range(4)]

        for process in together:
            process.start()
        told = [answers.get(timeout=30) for _ in together]
        for process in together:
            process.join()

        assert told == ["opened"] * 4
