"""The lognormal against its definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

POSITIVE = st.floats(1e-12, 1e24)
LEVELS = st.floats(0.01, 0.99)


@given(POSITIVE, st.floats(1.0, 1e6), LEVELS)
def test_the_fit_gives_its_interval_back(low: float, factor: float, level: float) -> None:
    fitted = Lognormal.from_interval(low, low * factor, level)
    assert fitted.interval(level) == pytest.approx((low, low * factor), rel=1e-9)
    assert fitted.median == pytest.approx(low * math.sqrt(factor), rel=1e-9)


@given(*[st.floats(-20, 20), st.floats(0, 3)] * 2)
def test_products_and_quotients_are_closed(m: float, s: float, n: float, t: float) -> None:
    product, quotient = Lognormal(m, s) * Lognormal(n, t), Lognormal(m, s) / Lognormal(n, t)
    assert (product.mu, quotient.mu) == (m + n, m - n)
    assert product.sigma == quotient.sigma == pytest.approx(math.sqrt(s * s + t * t))


def test_the_mean_of_a_known_lognormal() -> None:
    """The factor of total compute, lognormal with 90 % from 2 to 5, has its mean near 3.3."""
    sigma = math.log(5 / 2) / (2 * 1.6448536269514722)
    expected = math.sqrt(10) * math.exp(sigma**2 / 2)
    assert Lognormal.from_interval(2, 5).mean == pytest.approx(expected, rel=1e-12)
    assert round(expected, 1) == 3.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "low and high"),
        ((-1, 1), "low and high"),
        ((2, 1), "low and high"),
        ((1, math.inf), "low and high"),
        ((math.nan, 1), "low and high"),
        ((1, 2, 1.0), "level"),
        ((1, 2, 0.0), "level"),
    ],
)
def test_bad_input_names_the_argument(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Lognormal.from_interval(*arguments)
