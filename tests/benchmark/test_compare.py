"""The benchmark: one real contestant in its own process, and the sums worked out by hand."""

from __future__ import annotations

import pytest

from exmachina.benchmark import compare
from exmachina.benchmark.compare import Progress, compare_speed, measure
from exmachina.benchmark.contestants import CONTESTANTS, REFERENCE, Contestant
from exmachina.benchmark.worker import Measured
from exmachina.errors import InputError
from exmachina.training import RECIPES

BY_NAME = {item.name: item for item in CONTESTANTS}


def test_every_recipe_of_ours_takes_part_and_the_reference_is_among_them() -> None:
    ours = [item for item in CONTESTANTS if item.peer is None]
    assert {item.recipe for item in ours if item.backend is None} == RECIPES.keys()
    assert {item.recipe for item in ours if item.backend == "torch"} == {"fast", "classic"}
    assert BY_NAME[REFERENCE].peer == "keras_tutorial"
    assert BY_NAME["fast"].runs >= 20 and BY_NAME["fast"].quick_fraction == 1


@pytest.mark.slow
def test_a_part_of_the_steps_is_timed_in_a_process_of_its_own_and_scaled_up() -> None:
    (result,) = measure(BY_NAME["fast"], [7], fraction=0.05, precision="fp32")
    assert (result.seed, result.fraction, result.accuracy, result.precision) == (7, 0.05, None, "fp32")
    assert 0 < result.seconds < 600 and result.cold_seconds > 0


def test_rows_sum_up_every_seed_and_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretend(
        item: Contestant, seeds: list[int], environment: dict[str, str], *, fraction: float, precision: str
    ) -> list[Measured]:
        assert environment["EXMACHINA_ENGINE"] == "avx2" and precision == "fp32"
        if item.name == REFERENCE:
            return [Measured(seed, 300.0 + 10 * seed, None, fraction) for seed in seeds]
        return [Measured(seed, 1.0 + seed, 0.98 + seed / 1000, fraction) for seed in seeds]

    monkeypatch.setattr(compare, "measure", pretend)
    monkeypatch.setattr(compare, "_choose", lambda names: [BY_NAME[REFERENCE], BY_NAME["fast"]])
    *steps, rows = compare_speed(quick=True, instructions="avx2")
    assert all(isinstance(step, Progress) for step in steps)
    assert not isinstance(rows, Progress)
    keras, fast = rows
    assert (fast.n, fast.seeds, len(fast.accuracies)) == (20, list(range(20)), 20)
    assert fast.train_seconds == pytest.approx(10.5)  # the median of 1 … 20
    assert fast.ratio_to_keras == pytest.approx(320 / 10.5)
    # Each fifth of our seeds beside one run of the reference: 300 / 2.5 first, 340 / 18.5 last.
    assert fast.ratio_range == pytest.approx((340 / 18.5, 300 / 2.5))
    assert fast.accuracy_mean == pytest.approx(0.98 + 0.0095)
    assert keras.accuracy_mean is None and keras.fraction == BY_NAME[REFERENCE].quick_fraction


def test_an_unknown_contestant_is_refused_and_the_choices_told() -> None:
    with pytest.raises(InputError, match="keras-tutorial"):
        next(compare_speed(["kreas"]))
    with pytest.raises(InputError, match="sse9"):
        next(compare_speed(instructions="sse9"))
