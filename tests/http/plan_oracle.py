"""What a plan's measured figures must be, worked out person by person with Python's standard library alone.

A sample is a list of (age, lag): days since somebody reached a stage, and days until they went on, None if they did not
yet. Rates by the product-limit estimate (Kaplan and Meier), its variance by Greenwood, quantiles of beta distributions by
integrating the density."""

import math
from fractions import Fraction


def horizon(sample):
    """The longest time that a tenth of them was watched for."""
    ages = sorted((age for age, _ in sample), reverse=True)
    return ages[math.ceil(len(ages) / 10) - 1]


def survival(sample):
    """[(day, left, gone, watched)] on the days that somebody went on, exactly."""
    left = Fraction(1)
    steps = []
    for day in sorted({lag for _, lag in sample if lag is not None and lag <= horizon(sample)}):
        gone = sum(lag == day for _, lag in sample)
        watched = sum(age >= day and (lag is None or lag >= day) for age, lag in sample)
        left *= 1 - Fraction(gone, watched)
        steps.append((day, left, gone, watched))
    return steps


def estimate(sample):
    """(rate, trials)"""
    steps = survival(sample)
    if not steps:
        return 0.0, float(len(sample))
    last = steps[-1][0]
    left = steps[-1][1]
    if not any(lag is None and age < last for age, lag in sample):
        return float(1 - left), float(len(sample))
    variance = left ** 2 * sum(Fraction(gone, watched * (watched - gone)) for _, _, gone, watched in steps)
    return float(1 - left), float(min(len(sample), (1 - left) * left / variance))


def days_until(sample, share):
    """Of those who go on, how many days until this share has."""
    steps = survival(sample)
    total = 1 - steps[-1][1]
    return next(day for day, left, _, _ in steps if float((1 - left) / total) >= share - 1e-9)


def beta_quantiles(a, b, shares, cells=40000):
    """With x = sin²θ the density is smooth: 2·sin^(2a−1)·cos^(2b−1)/B(a, b), added up by Simpson's rule."""
    log_front = math.log(2) - (math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))

    def density(angle):
        sine, cosine = math.sin(angle), math.cos(angle)
        if sine <= 0 or cosine <= 0:
            return 0.0 if (2 * a - 1 > 1e-12 if sine <= 0 else 2 * b - 1 > 1e-12) else math.exp(log_front)
        return math.exp(log_front + (2 * a - 1) * math.log(sine) + (2 * b - 1) * math.log(cosine))

    # Twelve deviations around the middle hold it all.
    mean = a / (a + b)
    middle = math.asin(math.sqrt(mean))
    reach = 12 / (2 * math.sqrt(a + b + 1))
    start, end = max(0.0, middle - reach), min(math.pi / 2, middle + reach)
    width = (end - start) / cells
    found, below, wanted = [], 0.0, sorted(shares)
    for cell in range(cells):
        left = start + cell * width
        piece = width / 6 * (density(left) + 4 * density(left + width / 2) + density(left + width))
        while len(found) < len(wanted) and below + piece >= wanted[len(found)]:
            part = (wanted[len(found)] - below) / piece
            found.append(math.sin(left + part * width) ** 2)
        below += piece
    assert abs(below - 1) < 1e-6, below
    return found


def measured(sample):
    """What the answer's `rates` must say of this sample."""
    rate, trials = estimate(sample)
    a, b = rate * trials + 0.5, (1 - rate) * trials + 0.5
    low, high = beta_quantiles(a, b, [0.1, 0.9])
    return {"source": "measured", "rate": a / (a + b), "low": low, "high": high, "n": len(sample),
            "k": sum(lag is not None for _, lag in sample), "trials": trials, "horizon_days": horizon(sample)}
