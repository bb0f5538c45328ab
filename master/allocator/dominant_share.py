"""Dominant resource fairness: how much of the cluster somebody holds, as one exact number."""

from fractions import Fraction

from trimast.model.resources import Resources


def dominant_share(held: Resources, cluster: Resources) -> Fraction:
    """The largest part of any one scalar resource that is held: 0 to 1.

    Exact, so that a tie is a tie. What the cluster has none of does not count.
    Source: Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, section 4.
    """
    shares = (
        Fraction(milli, cluster.scalar_milli(name))
        for name, milli in held.scalars
        if cluster.scalar_milli(name)
    )
    return max(shares, default=Fraction(0))
