"""What holds for every rule that combines gradients, and closed forms of single ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchjd import aggregation, linalg

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.task_gradients import own_memory
from auxseg.errors import InputError
from tests.balancing.combining.apply import TASKS, apply, balancer
from tests.balancing.problem import COMBINING

every_rule = pytest.mark.parametrize("kind", COMBINING)
TARGET_FIRST = ("pcd", "gcs", "target-pcgrad", "ol-aux", "auto-lambda", "metabalance")
SYMMETRIC = [kind for kind in COMBINING if kind not in TARGET_FIRST]
DRAW = ("pcgrad", "gradvac", "graddrop")
TIES = ("krum",)
"""Two of three tasks may be as near to each other; the first wins."""


def _matrix(num_tasks: int = 3, seed: int = 0, size: int = 12) -> Tensor:
    return torch.randn(num_tasks, size, generator=torch.Generator().manual_seed(seed))


def _close(one: Tensor, other: Tensor, rtol: float = 1e-5) -> None:
    torch.testing.assert_close(one, other, rtol=rtol, atol=rtol * float(other.abs().max()))


@every_rule
def test_one_task_gives_its_own_gradient(kind: str) -> None:
    matrix = _matrix(1)
    direction, weights = apply(balancer(kind, 4), matrix)
    assert torch.equal(direction, matrix[0])
    assert weights == {"a": 1.0}


@every_rule
def test_equal_tasks_give_the_direction_of_the_mean(kind: str) -> None:
    direction, _ = apply(balancer(kind, 3), _matrix(1).repeat(3, 1))
    cosine = torch.cosine_similarity(direction, _matrix(1)[0], dim=0)
    assert cosine.item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in SYMMETRIC if kind not in (*DRAW, *TIES)])
def test_no_task_is_before_another(kind: str) -> None:
    """The target has a name that comes first; whose gradient it is changes nothing."""
    matrix = _matrix(4)
    losses: dict[str, float] = dict(zip(TASKS, (1.0, 2.0, 3.0, 4.0), strict=True))
    turn = [2, 0, 3, 1]
    one, _ = apply(balancer(kind, 4), matrix, losses=losses)
    turned = {name: losses[TASKS[place]] for name, place in zip(TASKS, turn, strict=True)}
    other, _ = apply(balancer(kind, 4), matrix[turn], losses=turned)
    _close(other, one, 1e-4)


@every_rule
@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e15])
@pytest.mark.parametrize("shape", ["zeros", "one zero", "parallel", "opposite", "dependent", "random"])
def test_no_gradient_makes_nan(kind: str, shape: str, scale: float) -> None:
    row, other = _matrix(2)
    matrix = {
        "zeros": torch.zeros(3, 12),
        "one zero": torch.stack([row, torch.zeros(12), other]),
        "parallel": torch.stack([row, 2 * row, 0.5 * row]),
        "opposite": torch.stack([row, -row, row]),
        "dependent": torch.stack([row, other, row - other]),
        "random": _matrix(3),
    }[shape]
    built = balancer(kind, 3)
    for step in range(3):
        direction, weights = apply(built, scale * matrix, step=step)
        assert direction.isfinite().all()
        assert all(map(math.isfinite, weights.values()))
    unsolvable = kind == "fairgrad" and shape == "opposite"  # G w = w^(-1/alpha) has no w above 0 then
    assert built.num_fallbacks == (3 if unsolvable else 0)


@every_rule
def test_a_missing_task_has_no_row(kind: str) -> None:
    """The others give what they would give without it; memory of steps that had it is not mixed up."""
    matrix = _matrix(4)
    built, alone = balancer(kind, 4), balancer(kind, 3)
    names = TASKS[:3]
    losses: dict[str, float] = dict.fromkeys(names, 1.0)
    one, weights = apply(built, matrix[:3], names, losses)
    other, expected = apply(alone, matrix[:3], names, losses)
    assert torch.equal(one, other)
    assert weights == expected


@every_rule
def test_what_is_drawn_depends_on_the_step_alone(kind: str) -> None:
    torch.manual_seed(1)
    one, _ = apply(balancer(kind, 4), _matrix(4), step=5)
    following = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), following)  # nothing was taken from the generator of the training
    other, _ = apply(balancer(kind, 4), _matrix(4), step=5)
    assert torch.equal(one, other)


def test_draws_differ_from_step_to_step() -> None:
    for kind in DRAW:
        directions = [apply(balancer(kind, 4), _matrix(4), step=step)[0] for step in range(8)]
        assert any(not torch.equal(directions[0], other) for other in directions), kind


def test_mgda_of_two_tasks_is_the_closed_form() -> None:
    for seed in range(20):
        one, other = _matrix(2, seed)
        share = float(((other - one) @ other / (one - other).square().sum()).clamp(0, 1))
        direction, weights = apply(balancer("mgda", 2), torch.stack([one, other]))
        assert weights["a"] == pytest.approx(share, abs=1e-5)
        _close(direction, share * one + (1 - share) * other)


def test_mgda_has_the_same_product_with_every_gradient_that_counts() -> None:
    for seed in range(20):
        matrix = _matrix(4, seed, 5)
        direction, weights = apply(balancer("mgda", 4), matrix)
        products, square = matrix @ direction, float(direction.square().sum())
        assert sum(weights.values()) == pytest.approx(1)
        for weight, product in zip(weights.values(), products.tolist(), strict=True):
            assert product >= square - 1e-4 * float(matrix.square().sum())
            if weight > 1e-4:
                assert product == pytest.approx(square, abs=1e-4 * float(matrix.square().sum()))


def test_pcgrad_of_two_tasks_is_the_closed_form() -> None:
    for seed in range(20):
        one, other = _matrix(2, seed)
        dot = one @ other
        expected = one + other
        if dot < 0:
            expected = expected - dot / other.square().sum() * other - dot / one.square().sum() * one
        _close(apply(balancer("pcgrad", 2), torch.stack([one, other]))[0], expected)


def test_the_targets_pcgrad_leaves_the_target_its_progress() -> None:
    for seed in range(20):
        matrix = _matrix(4, seed, 5)
        direction, _ = apply(balancer("target-pcgrad", 4), matrix)
        square = matrix[0].square().sum()
        assert direction @ matrix[0] >= square * (1 - 1e-5)
        projected = [row - min(float(row @ matrix[0]), 0.0) / square * matrix[0] for row in matrix[1:]]
        _close(direction, matrix[0] + torch.stack(projected).sum(0))


def test_imtl_g_of_two_tasks_is_the_closed_form() -> None:
    one, other = _matrix(2)
    share = other.norm() / (one.norm() + other.norm())
    assert apply(balancer("imtl-g", 2), torch.stack([one, other]))[1]["a"] == pytest.approx(share.item(), rel=1e-5)


@pytest.mark.parametrize("num_tasks", [2, 3, 4])
def test_nash_shares_the_progress(num_tasks: int) -> None:
    matrix = _matrix(num_tasks)
    direction, weights = apply(balancer("nash-mtl", num_tasks, max_norm=1e6), matrix)
    shares = [weight * float(row @ direction) for weight, row in zip(weights.values(), matrix, strict=True)]
    assert shares == pytest.approx([1.0] * num_tasks, rel=1e-4)
    assert apply(balancer("nash-mtl", num_tasks), matrix)[0].norm().item() == pytest.approx(1, rel=1e-5)


def test_fair_progress_is_that_of_its_equation_at_any_scale() -> None:
    for scale in (1.0, 1e-3):
        matrix = scale * _matrix(3)
        direction, weights = apply(balancer("fairgrad", 3, alpha=2.0), matrix)
        assert (matrix @ direction).tolist() == pytest.approx([w**-0.5 for w in weights.values()], rel=1e-3)


@pytest.mark.parametrize("kind", ["upgrad", "dualproj"])
def test_projections_harm_no_task_and_are_the_nearest(kind: str) -> None:
    for seed in range(20):
        matrix = _matrix(4, seed, 5)
        direction, _ = apply(balancer(kind, 4), matrix)
        assert (matrix @ direction >= -2e-3 * matrix.square().sum()).all()
    mild = torch.eye(4) + 0.1
    _close(apply(balancer(kind, 4), mild)[0], mild.mean(0), 1e-4)


def test_the_projector_solves_the_quadratic_program_of_torchjd() -> None:
    """Of ``min v' G v`` with ``v >= u`` the conditions of optimality are ``G v >= 0`` and ``(v - u)' G v = 0``."""
    from auxseg.balancing.combining.conflict.cone import REGULARISATION, projected

    for seed in range(20):
        matrix = _matrix(4, seed, 5).double()
        gramian = matrix @ matrix.T
        start = torch.eye(4, dtype=torch.float64)[seed % 4] / 4
        (found,) = projected(gramian, [start.numpy()])
        slope = (gramian / gramian.trace() + REGULARISATION * torch.eye(4)) @ torch.from_numpy(found)
        more = torch.from_numpy(found) - start
        assert (more >= 0).all()
        assert (slope >= -1e-12).all()
        assert (more @ slope).abs() < 1e-12


def test_cagrad_is_best_for_the_worst_task_in_its_ball() -> None:
    for seed in range(5):
        matrix = _matrix(3, seed, 4)
        mean = matrix.mean(0)
        direction, _ = apply(balancer("cagrad", 3, c=0.5), matrix)
        assert (direction - mean).norm() <= 0.5 * mean.norm() * (1 + 1e-4)
        worst = (matrix @ direction).min()
        others = mean + 0.5 * mean.norm() * torch.nn.functional.normalize(_matrix(3000, seed + 1, 4), dim=1)
        assert worst >= (others @ matrix.T).min(dim=1).values.max() - 1e-4


def test_db_mtl_makes_gradients_as_long_as_the_longest() -> None:
    matrix, losses = _matrix(3), {"a": 1.0, "b": 10.0, "c": 0.1}
    scaled = matrix / torch.tensor(list(losses.values()))[:, None]
    expected = scaled.norm(dim=1).max() * torch.nn.functional.normalize(scaled, dim=1).sum(0)
    _close(apply(balancer("db-mtl", 3), matrix, losses=losses)[0], expected)


@pytest.mark.parametrize(
    ("kind", "settings", "make"),
    [
        ("pcgrad", {}, aggregation.PCGrad),
        ("gradvac", {}, aggregation.GradVac),
        ("config", {}, aggregation.ConFIG),
        ("imtl-g", {}, aggregation.IMTLG),
        ("fairgrad", {"alpha": 1.0}, lambda: aggregation.FairGrad(alpha=1.0)),
        ("aligned-mtl", {}, aggregation.AlignedMTL),
        ("excess-mtl", {"eta": 0.5}, lambda: aggregation.ExcessMTL(robust_step_size=0.5, n_warmup_steps=1)),
        ("pcd", {}, lambda: aggregation.PCD(eps=0.0)),
        ("krum", {}, lambda: aggregation.Krum(n_byzantine=0)),
        ("trimmed-mean", {}, lambda: aggregation.TrimmedMean(trim_number=1)),
        ("mgda", {}, lambda: aggregation.MGDA(epsilon=1e-9, max_iters=3000)),
    ],
)
def test_the_result_is_that_of_torchjd(kind: str, settings: dict, make: Callable[[], torch.nn.Module]) -> None:
    """Two tasks where rules draw orders: there is only one then. Krum of four tasks has no tie."""
    built, reference = balancer(kind, 4, **settings), make()
    for step in range(4):
        matrix = _matrix(2 if kind in DRAW else 4, 17 + step, 30)
        direction, _ = apply(built, matrix, step=step)
        _close(direction, reference(matrix), 1e-3 if kind in ("mgda", "fairgrad") else 1e-5)


@pytest.mark.parametrize(
    ("kind", "make"),
    [("sdmgrad", aggregation.SDMGradWeighting), ("modo", aggregation.MoDoWeighting)],
)
def test_weights_of_rules_for_two_batches_are_torchjds_for_one(kind: str, make: Callable[[], torch.nn.Module]) -> None:
    built, reference = balancer(kind, 3), make()
    for step in range(4):
        matrix = 0.1 * _matrix(3, step, 30)
        products = (matrix @ matrix.T).double()
        _, weights = apply(built, matrix, step=step)
        assert list(weights.values()) == pytest.approx(reference(products).tolist(), abs=1e-4)


def test_upgrad_is_torchjds_with_the_same_solution_of_the_program() -> None:
    from auxseg.balancing.combining.conflict.cone import projected

    class Projector(linalg.DualConeProjector):
        def __call__(self, U: Tensor, G: Tensor) -> Tensor:
            return torch.stack([torch.from_numpy(each) for each in projected(G.double(), list(U.double().numpy()))])

    matrix = _matrix(3, 1, 4)
    reference = aggregation.UPGrad(projector=Projector())(matrix.double()).float()
    _close(apply(balancer("upgrad", 3), matrix)[0], reference)


def test_auxiliaries_are_gated_by_their_cosine_with_the_target() -> None:
    matrix = torch.tensor([[1.0, 0.0], [1.0, 1.0], [-0.1, 5.0]])
    assert apply(balancer("gcs", 3), matrix)[1] == {"a": 1.0, "b": 1.0, "c": 0.0}
    weights = apply(balancer("gcs", 3, form="weighted"), matrix)[1]
    assert weights == pytest.approx({"a": 1.0, "b": math.sqrt(0.5), "c": 0.0})


def test_online_weights_follow_the_agreement_with_the_target() -> None:
    built = balancer("ol-aux", 3, step_size=0.5, every=2)
    matrix = torch.tensor([[2.0, 0.0], [1.0, 1.0], [-4.0, 5.0]])
    for step in range(2):
        assert apply(built, matrix, step=step)[1] == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert apply(built, matrix, step=2)[1] == pytest.approx({"a": 1.0, "b": 1.25, "c": 0.0})


def test_metabalance_makes_auxiliaries_as_long_as_the_target() -> None:
    matrix = torch.tensor([[2.0, 0.0], [0.0, 0.5], [8.0, 0.0]])
    weights = apply(balancer("metabalance", 3, relax=1.0), matrix)[1]
    assert weights == pytest.approx({"a": 1.0, "b": 4.0, "c": 0.25})


def test_gradnorm_pulls_norms_together_and_to_those_that_lag() -> None:
    built = balancer("gradnorm", 2, step_size=0.01, alpha=1.0)
    matrix = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    weights: dict[str, float] = {}
    for step in range(400):
        weights = apply(built, matrix, losses={"a": 1.0, "b": 1.0}, step=step)[1]
    assert weights["a"] * 1.0 == pytest.approx(weights["b"] * 3.0, rel=0.1)
    for step in range(400, 800):
        weights = apply(built, matrix, losses={"a": 1.0, "b": 0.5}, step=step)[1]
    assert weights["a"] * 1.0 == pytest.approx(2 * weights["b"] * 3.0, rel=0.2)
    assert sum(weights.values()) == pytest.approx(2)


def test_smoothed_weights_are_the_mean_of_those_of_mgda() -> None:
    built = balancer("cr-mogm", 2, alpha=0.75)
    first, second = torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    assert apply(built, first)[1] == pytest.approx({"a": 0.5, "b": 0.5}, abs=1e-5)
    assert apply(built, second, step=1)[1] == pytest.approx({"a": 0.6, "b": 0.4}, abs=1e-5)


@pytest.mark.parametrize("kind", TARGET_FIRST)
def test_without_the_target_in_a_step_the_auxiliaries_are_summed(kind: str) -> None:
    matrix = _matrix(2)
    direction, weights = apply(balancer(kind, 3), matrix, ("b", "c"))
    assert weights == {"b": 1.0, "c": 1.0}
    _close(direction, matrix.sum(0))


@pytest.mark.parametrize("kind", ["krum", "trimmed-mean"])
def test_a_rule_that_needs_more_tasks_says_so_and_takes_the_mean_where_labels_are_missing(kind: str) -> None:
    with pytest.raises(InputError, match=f"'{kind}', which needs 3 tasks or more with a weight, found 2"):
        balancer(kind, 2)
    matrix = _matrix(2)
    built = balancer(kind, 3)
    _close(apply(built, matrix, ("a", "b"))[0], matrix.mean(0))
    assert built.num_fallbacks == 0


@pytest.mark.parametrize("answer", ["error", "nan"])
def test_a_rule_without_an_answer_gives_the_mean_and_is_counted(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    built = balancer("mgda", 3)

    def weigh(*_: object) -> Tensor:
        if answer == "error":
            raise RuntimeError("did not converge")
        return torch.full((3,), math.nan)

    assert isinstance(built.method, GramMethod)
    monkeypatch.setattr(built.method, "weigh", weigh)
    _close(apply(built, _matrix(3))[0], _matrix(3).mean(0))
    assert built.num_fallbacks == 1
    other = balancer("mgda", 3)
    other.load_state_dict(built.state_dict())
    assert other.num_fallbacks == 1


@every_rule
def test_memory_of_every_set_of_tasks_is_saved(kind: str) -> None:
    """A step without a label forgets nothing of the steps before it, and goes on identically after an interruption."""
    sets = [TASKS, TASKS[:3], TASKS, TASKS[1:], TASKS[:3], TASKS]
    whole, stopped = balancer(kind, 4), balancer(kind, 4)
    for step, names in enumerate(sets):
        matrix = _matrix(len(names), step)
        if step == 4:
            resumed = balancer(kind, 4)
            resumed.load_state_dict(stopped.state_dict())
            stopped = resumed
        one, _ = apply(whole, matrix, names, step=step)
        other, _ = apply(stopped, matrix, names, step=step)
        assert torch.equal(one, other)


@pytest.mark.parametrize("kind", ["pcd", "ol-aux", "auto-lambda", "metabalance", "gradnorm", "cr-mogm", "excess-mtl"])
def test_a_step_without_a_label_forgets_nothing(kind: str) -> None:
    built, fresh = balancer(kind, 3), balancer(kind, 3)
    for step in range(6):
        apply(built, _matrix(3, step), step=step, losses={"a": 1.0, "b": 2.0 / (step + 1), "c": 1.0})
    apply(built, _matrix(2, 6), TASKS[:2], step=6)
    one, _ = apply(built, _matrix(3, 7), step=7)
    other, _ = apply(fresh, _matrix(3, 7), step=7)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("length", [1.0, 1e-4, 1e-7, 1e-9])
def test_a_short_gradient_is_no_rounding_error(length: float) -> None:
    """In the target's way by a hundredth of its direction, it changes the target's step by no more, however short."""
    matrix = torch.tensor([[1.0, 0.0], [-0.01 * length, length]])
    for kind in ("pcgrad", "pcd", "gradvac"):
        direction, _ = apply(balancer(kind, 2), matrix)
        assert direction.norm() < 3
        assert torch.nn.functional.cosine_similarity(direction, matrix[0], dim=0) > 0.7


@pytest.mark.parametrize("ratio", [1e-1, 1e-3, 1e-4])
def test_mgda_of_orthogonal_gradients_is_exact_however_their_lengths_differ(ratio: float) -> None:
    """The weights are then inverse to the squares of the lengths."""
    lengths = torch.tensor([1.0, ratio, ratio / 3])
    _, weights = apply(balancer("mgda", 3), torch.diag(lengths))
    expected = lengths.double() ** -2
    assert list(weights.values()) == pytest.approx((expected / expected.sum()).tolist(), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_fairgrad_solves_its_equation_however_lengths_differ(alpha: float) -> None:
    matrix = _matrix(3, 5, 30)
    matrix[2] *= 1e-4
    built = balancer("fairgrad", 3, alpha=alpha)
    _, weights = apply(built, matrix)
    found = torch.tensor(list(weights.values()), dtype=torch.float64)
    products = matrix.double() @ matrix.double().T
    assert (products @ found * found ** (1 / alpha)).tolist() == pytest.approx([1.0] * 3, rel=1e-3)
    assert built.num_fallbacks == 0


def test_a_gradient_that_is_part_of_another_gets_memory_of_its_own() -> None:
    whole = torch.arange(6.0)
    found = own_memory([whole[:3], whole[2:], None, torch.ones(1).expand(4)])
    kept = [each.clone() for each in found if each is not None]
    for each in found:
        if each is not None:
            each.mul_(2)
    assert [each.tolist() for each in found if each is not None] == [(2 * each).tolist() for each in kept]


@pytest.mark.parametrize("kind", ["krum", "trimmed-mean"])
def test_rules_that_drop_what_one_task_says_cannot_have_all_parameters(kind: str) -> None:
    with pytest.raises(InputError, match=r"no head would learn; set balancer\.scope=shared"):
        balancer(kind, 3, scope="all")
