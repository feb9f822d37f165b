"""Studies opened for the first time by many at once."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from trading.domain.errors import Refused
from trading.lab.studies import Studies

PATIENCE = 60  # seconds for processes that begin on a busy machine


def open_them(url: str, begin, answers) -> None:
    begin.wait(PATIENCE)
    try:
        studies = Studies(url)
        studies.close()
        answers.put("opened")
    except Refused as refused:
        answers.put(refused.tell)


def test_processes_that_begin_at_the_same_moment_all_open_them(tmp_path):
    # never "fork": a child of this process, with its threads, can wait for ever for a lock that nobody holds
    context = multiprocessing.get_context("forkserver")
    for attempt in range(3):
        begin, answers = context.Barrier(4), context.Queue()
        words = (f"sqlite:///{tmp_path / f'{attempt}.db'}", begin, answers)
        together = [context.Process(target=open_them, args=words, daemon=True) for _ in range(4)]

        for process in together:
            process.start()
        told = [answers.get(timeout=PATIENCE) for _ in together]
        for process in together:
            process.join(PATIENCE)

        assert told == ["opened"] * 4


def test_threads_that_open_write_and_read_at_once_wait_for_one_another(tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    begin = Barrier(8)

    def work(who: int) -> int:
        begin.wait(PATIENCE)
        studies = Studies(url)
        studies.begin("together", {"method": "random"})
        for number in range(5):
            studies.add("together", [{"who": who, "number": number}])
        seen = len(studies.since("together", set()))
        studies.close()
        return seen

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(work, range(8)))

    assert min(seen) >= 5 and max(seen) == 8 * 5
