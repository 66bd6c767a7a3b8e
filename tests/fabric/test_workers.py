"""Workers: nobody waits behind a long job, nothing of one job reaches the next."""

from __future__ import annotations

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.fabric.workers import Workers

Job = tuple[int, float, float]  # number, seconds it takes (0: no wait at all), seconds until its deadline


async def run_jobs(steps: list[tuple[float, Job]]) -> tuple[dict[int, tuple[str, float]], int]:
    """Puts jobs in, each after a pause; (how and when each ended since it was put in, greatest number of tasks)."""
    ends: dict[int, tuple[str, float]] = {}
    put: dict[int, float] = {}
    most = 0

    async def work(job: Job, scope: trio.CancelScope) -> None:
        number, takes, limit = job
        scope.deadline = put[number] + limit
        try:
            if takes:
                await trio.sleep(takes)
        except trio.Cancelled:
            ends[number] = ("cancelled", trio.current_time() - put[number])
            raise
        ends[number] = ("done", trio.current_time() - put[number])

    async with trio.open_nursery() as nursery:
        workers = Workers(nursery, work)
        for pause, job in steps:
            await trio.sleep(pause)
            put[job[0]] = trio.current_time()
            workers.put(job)
            most = max(most, len(nursery.child_tasks))
        await trio.sleep(1000)
        most = max(most, len(nursery.child_tasks))
        assert len(nursery.child_tasks) <= 16
        nursery.cancel_scope.cancel()
    return ends, most


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.5]), st.sampled_from([0.0, 0.0, 1.0, 7.0]), st.sampled_from([2.0, 9.0])
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_job_takes_its_own_time_and_no_more_than_its_deadline(
    steps: list[tuple[float, float, float]],
) -> None:
    jobs = [(pause, (number, takes, limit)) for number, (pause, takes, limit) in enumerate(steps)]
    ends, most = trio.run(run_jobs, jobs, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(ends) == len(jobs) and most <= max(16, len(jobs))
    for _, (number, takes, limit) in jobs:
        how, when = ends[number]
        assert how == ("done" if takes < limit else "cancelled")
        assert abs(when - min(takes, limit)) < 0.01


async def test_jobs_that_do_not_wait_need_few_workers(autojump_clock: trio.testing.MockClock) -> None:
    ends, most = await run_jobs([(0.0, (number, 0.0, 5.0)) for number in range(200)])
    assert len(ends) == 200 and most <= 3
