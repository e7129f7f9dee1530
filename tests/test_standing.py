"""Ranks that can be defended: probabilities that come true, rank sets that hold, rows that settle a tie."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from populations import observed, population, sampled
from scipy.sparse import csr_matrix

from rootcause.findings import standing
from rootcause.findings.advice import next_steps
from rootcause.findings.audit import chances_of
from rootcause.findings.observe import Observed
from rootcause.findings.standing import Chances, standings
from rootcause.findings.values import Standing
from rootcause.models import Ranking, RunReport


def ranked(
    has: NDArray[np.bool_], stratum: NDArray[np.intp], rows: NDArray[np.intp], *, least: int = 2
) -> tuple[tuple[Standing, ...], NDArray[np.int64]]:
    """The standings of the causes that at least `least` sampled rows have, largest share first, and their true counts."""
    sizes = np.bincount(stratum)
    sample, place = has[rows], stratum[rows]
    weight = (sizes / np.maximum(np.bincount(place, minlength=len(sizes)), 1))[place]
    seen = np.flatnonzero(sample.sum(axis=0) >= least)
    order = seen[np.argsort(-(weight @ sample[:, seen]), kind="stable")]
    return standings(observed(sample[:, order], place, sizes), seed=1), has[:, order].sum(axis=0)


def audit_of(one: Observed, rows: NDArray[np.intp], named: NDArray[np.float64]) -> Chances:
    """What an audit of these rows leaves to chance when a person names these causes, with lambda 1."""
    return chances_of(csr_matrix(one.has), named, rows, one.stratum, one.populations, np.ones(1))


def test_clear_and_open_ranks() -> None:
    has = np.zeros((100, 4), dtype=bool)
    has[:60, 0] = has[60:75, 1] = has[75:88, 2] = has[88:92, 3] = True
    found = standings(observed(has, np.zeros(100), [10_000]), seed=1)
    assert [one.cause for one in found] == ["c0", "c1", "c2", "c3"]
    assert (found[0].first, found[0].top3, found[0].best, found[0].worst, found[0].tied) == (1, 1, 1, 1, ())
    assert (found[1].best, found[1].worst, found[1].tied) == (2, 3, ("c2",))
    assert (found[2].best, found[2].worst, found[2].tied) == (2, 4, ("c1", "c3"))
    assert found[0].rows_to_separate is None, "it is told apart"
    assert found[1].rows_to_separate is not None and found[1].rows_to_separate > 1000
    assert found[2].rows_to_separate is not None and 100 < found[2].rows_to_separate < found[1].rows_to_separate
    assert found[3].rows_to_separate is None, "there is no next one"
    assert sum(one.first for one in found) == pytest.approx(1) and sum(one.top3 for one in found) == pytest.approx(3)


def test_an_audit_of_some_rows_leaves_ranks_open_even_where_every_row_was_analysed() -> None:
    """Without an audit a census leaves no doubt; with one, the errors of the rows that nobody audited are still unknown."""
    has = np.zeros((100, 2), dtype=bool)
    has[:40, 0] = has[40:75, 1] = True
    census = observed(has, np.zeros(100), [100])
    assert [one.first for one in standings(census, seed=1)] == [1, 0]
    rows = np.arange(35, 45)
    named = has[rows][:, ::-1].astype(float)  # ten audited rows, each cause taken for the other five times
    few = standings(census, seed=1, corrected=audit_of(census, rows, named))
    assert 0.3 < few[0].first < 0.95 and few[0].tied == ("c1",)
    every = standings(census, seed=1, corrected=audit_of(census, np.arange(100), has[:, ::-1].astype(float)))
    assert [(one.first, one.best, one.worst) for one in every] == [(0, 2, 2), (1, 1, 1)], "a person has seen all of them"


def test_ranks_after_an_audit_are_as_firm_as_the_corrected_shares() -> None:
    """A model that a person confirms a hundred times leaves less doubt than one that is wrong in every third row."""
    has = np.repeat(np.eye(4, dtype=bool), [60, 30, 10, 100], axis=0)[:, :3]
    census = observed(has, np.zeros(200), [200])
    rows = np.arange(0, 200, 2)
    sound = has[rows].astype(float)
    wrong = sound.copy()
    wrong[::3] = wrong[::3, [1, 2, 0]]
    firm, shaken = (standings(census, seed=1, corrected=audit_of(census, rows, named)) for named in (sound, wrong))
    assert [(one.best, one.worst) for one in firm] == [(1, 1), (2, 2), (3, 3)]
    assert shaken[1].tied and sum(one.worst - one.best for one in shaken) > 0


def test_rank_sets_hold_after_an_audit_and_say_something() -> None:
    rng = np.random.default_rng(4)
    held, width = [], []
    for _ in range(100):
        true = np.sort(rng.multinomial(700, [0.3, 0.2, 0.15, 0.1, 0.05, 0.2]))[::-1]
        cause = rng.permutation(np.repeat(np.arange(6), true))
        said = np.where(rng.random(700) < 0.2, rng.integers(0, 6, 700), cause)
        drawn = rng.choice(700, 500, replace=False)
        sample = observed(np.eye(6, dtype=bool)[said[drawn]], np.zeros(500), [700])
        rows = rng.choice(500, 200, replace=False)
        found = standings(sample, seed=1, corrected=audit_of(sample, rows, np.eye(6)[cause[drawn][rows]]))
        best, worst = np.array([(one.best, one.worst) for one in found]).T
        above, below = (true > true[:, None]).sum(axis=1), (true < true[:, None]).sum(axis=1)
        held.append(bool(((best <= 1 + above) & (6 - below <= worst)).all()))
        width.append((worst - best).mean())
    assert np.mean(held) >= 0.95
    assert np.mean(width) < 2.2, "the sets part the large causes from the small ones"


@pytest.mark.parametrize(
    ("strata", "causes", "n", "second"),
    [([200], 6, 30, 0.0), ([120, 60, 16, 4], 3, 30, 0.0), ([3000], 12, 100, 0.4)],
    ids=["30 of 200", "four topics", "several causes a complaint"],
)
def test_probabilities_come_true_and_rank_sets_hold(strata: list[int], causes: int, n: int, second: float) -> None:
    rng = np.random.default_rng(20261122)
    said, came, said3, came3, held = [], [], [], [], []
    for _ in range(150):
        has, stratum = population(rng, strata, [0.9 * rng.dirichlet(np.ones(causes)) for _ in strata], second=second)
        found, truth = ranked(has, stratum, sampled(rng, stratum, n))
        larger, equal = (truth > truth[:, None]).sum(axis=1), (truth == truth[:, None]).sum(axis=1)
        said += [one.first for one in found]
        came += np.clip((1 - larger) / equal, 0, 1).tolist()
        said3 += [one.top3 for one in found]
        came3 += np.clip((3 - larger) / equal, 0, 1).tolist()
        held.append(all(one.best <= 1 + above <= one.worst for one, above in zip(found, larger, strict=True)))
    assert np.mean(held) >= 0.95
    for chances, truth in ((np.array(said), np.array(came)), (np.array(said3), np.array(came3))):
        for low, high in ((0.0, 0.1), (0.1, 0.35), (0.35, 0.65), (0.65, 0.9), (0.9, 1.01)):
            group = (chances >= low) & (chances < high)
            noise = 3 * np.sqrt(0.25 / group.sum())
            assert truth[group].mean() == pytest.approx(chances[group].mean(), abs=0.03 + noise)


@pytest.mark.parametrize(("rows", "n", "causes"), [(2002, 100, 6), (4004, 400, 10), (2000, 200, 3)])
def test_equal_causes_are_rarely_told_apart(rows: int, n: int, causes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the hardest case, all causes equally common, any order is an error: 5 % of samples may show one."""
    monkeypatch.setattr(standing, "DRAWS", 1)
    rng = np.random.default_rng(3)
    has = np.eye(causes + 1, dtype=bool)[np.arange(rows) % (causes + 1), :causes]
    wrong = 0
    for _ in range(400):
        found, _ = ranked(has, np.zeros(rows, dtype=np.intp), rng.choice(rows, n, replace=False))
        wrong += any(one.best > 1 for one in found)
    assert wrong / 400 <= 0.09  # 0.05 and three standard errors


def test_the_rows_that_are_named_do_separate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of that size tell the two apart in four of five cases."""
    monkeypatch.setattr(standing, "DRAWS", 1)
    rng = np.random.default_rng(8)
    counts = [1600, 880, 480, 320]
    has = np.repeat(np.vstack([np.eye(4, dtype=bool), np.zeros(4, dtype=bool)]), [*counts, 4000 - sum(counts)], axis=0)
    pilot = observed(has[::40], np.zeros(100), [4000])
    needed = standings(pilot, seed=1)[1].rows_to_separate
    assert needed is not None and 100 < needed < 600
    apart = 0
    for _ in range(400):
        rows = rng.choice(4000, needed, replace=False)
        found = standings(observed(has[rows], np.zeros(needed), [4000]), seed=1)
        apart += "c2" not in found[1].tied
    assert apart / 400 == pytest.approx(0.8, abs=0.08)


def test_a_small_file_needs_fewer_rows() -> None:
    """n of an endless file are n·N/(n + N) of a file of N rows."""
    has = np.repeat(np.eye(3, dtype=bool), [38, 22, 13], axis=0)
    endless, small = (standings(observed(has, np.zeros(73), [size]), seed=1)[1].rows_to_separate for size in (10**9, 800))
    assert endless is not None and small == pytest.approx(endless * 800 / (endless + 800), abs=1)


def test_equal_shares_are_never_separated() -> None:
    has = np.repeat(np.eye(2, dtype=bool), 10, axis=0)
    found = standings(observed(has, np.zeros(20), [500]), seed=1)
    assert [(one.best, one.worst, one.rows_to_separate) for one in found] == [(1, 2, None), (1, 2, None)]
    assert found[0].first == pytest.approx(0.5, abs=0.05)
    assert [one.tied for one in found] == [("c1",), ("c0",)]


def test_a_census_ranks_beyond_doubt_but_for_equals() -> None:
    has = np.repeat(np.eye(4, dtype=bool), [5, 3, 3, 1], axis=0)
    found = standings(observed(has, np.arange(12) % 3, [4, 4, 4]), seed=1)
    assert [(one.best, one.worst) for one in found] == [(1, 1), (2, 3), (2, 3), (4, 4)]
    assert [one.first for one in found] == [1, 0, 0, 0]
    assert [one.top3 for one in found] == [1, 1, 1, 0]
    assert all(one.rows_to_separate is None for one in found)


def test_more_of_the_file_seen_makes_ranks_firmer() -> None:
    has = np.repeat(np.eye(3, dtype=bool), [34, 29, 17], axis=0)
    firm = [standings(observed(has, np.zeros(80), [size]), seed=1)[0].first for size in (10_000, 120, 81)]
    assert firm[0] < firm[1] < firm[2]


def test_an_audit_turns_the_ranks_round() -> None:
    has = np.repeat(np.eye(3, dtype=bool), [40, 35, 5], axis=0)
    one = observed(has, np.zeros(80), [8000])
    rows = np.arange(0, 80, 2)
    named = has[rows].astype(float)
    named[:17, 0] = 0  # a person finds the first cause in three of twenty of its rows
    found = standings(one, seed=1, corrected=audit_of(one, rows, named))
    assert found[1].first > 0.9 and found[0].first < 0.05 and found[0].best == 2


def test_the_residue_is_left_out() -> None:
    has = np.repeat(np.eye(4, dtype=bool), [6, 4, 1, 1], axis=0)
    assert [one.cause for one in standings(observed(has, np.zeros(12), [100], residue=2), seed=1)] == ["c0", "c1"]
    assert standings(observed(has[10:, 2:], np.zeros(2), [100], residue=2), seed=1) == ()
    [alone] = standings(observed(has[:, :1], np.zeros(12), [100]), seed=1)
    assert (alone.first, alone.top3, alone.best, alone.worst, alone.tied, alone.rows_to_separate) == (1, 1, 1, 1, (), None)


def test_strata_of_one_row_do_not_make_it_sure() -> None:
    """Ten topics with one row each: no topic shows how much its rows differ, together they do."""
    has = np.zeros((10, 2), dtype=bool)
    has[:5, 0] = has[5:8, 1] = True
    found = standings(observed(has, np.arange(10), [100] * 10), seed=1)
    assert found[0].best == 1 and found[0].worst == 2 and 0.55 < found[0].first < 0.95


def test_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    has = rng.random((60, 5)) < [0.5, 0.4, 0.35, 0.2, 0.1]
    stratum = rng.integers(0, 3, 60)
    straight = standings(observed(has, stratum, [100, 80, 300]), seed=4)
    order = rng.permutation(60)
    assert standings(observed(has[order], stratum[order], [100, 80, 300]), seed=4) == straight
    assert standings(observed(has, stratum, [100, 80, 300]), seed=5) != straight


def test_many_causes_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    has = rng.random((150, 40)) < np.linspace(0.5, 0.02, 40)
    whole = standings(observed(has, np.zeros(150), [900]), seed=1)
    monkeypatch.setattr(standing, "_BLOCK", 7)
    assert standings(observed(has, np.zeros(150), [900]), seed=1) == whole


# ── what to do about it ───────────────────────────────────────────────────────────────────────────


def advised(standings_: tuple[Standing, ...], *, rows: int = 30, population: int = 2000, language: str = "en") -> tuple[str, ...]:
    ranking = Ranking(
        population=population, base=rows, explained=rows, nothing=0, effective_n=float(rows), causes=(), residue=()
    )  # fmt: skip
    return next_steps(RunReport.model_construct(ranking=ranking, language=language), standings_)


def test_the_next_step_names_the_rows_that_separate_the_first_tie() -> None:
    has = np.zeros((40, 3), dtype=bool)
    has[:30, 0] = has[30:35, 1] = has[35:38, 2] = True
    found = standings(observed(has, np.zeros(40), [2000]), seed=1)
    needed = found[1].rows_to_separate
    assert needed is not None
    rounded = -(-needed // 10) * 10
    assert advised(found) == (f"causes 2 and 3 cannot be told apart on 30 rows: about {rounded} would do: --sample {rounded}",)
    few = tuple(one.model_copy(update={"rows_to_separate": 1995}) for one in found)
    assert advised(few) == ("causes 2 and 3 cannot be told apart on 30 rows: only all 2000 rows would do: --all",)
    assert advised(few, language="ru") == ("причины 2 и 3 на 30 строках неразличимы: хватит только всех строк (2000): --all",)
    never = tuple(one.model_copy(update={"rows_to_separate": None}) for one in found)
    assert advised(never)[0].endswith("equally many have them, so no number of rows can be named that would")


def test_there_is_nothing_to_do_where_ranks_are_clear_or_all_rows_were_taken() -> None:
    has = np.repeat(np.eye(2, dtype=bool), [38, 2], axis=0)
    assert advised(standings(observed(has, np.zeros(40), [2000]), seed=1)) == ()
    tied = standings(observed(np.repeat(np.eye(2, dtype=bool), 20, axis=0), np.zeros(40), [2000]), seed=1)
    assert advised(tied) != () and advised(tied, population=30) == ()
    assert advised(()) == ()
