"""How little an evaluation may look at, for tests."""

from exmachina.evaluation.inputs import Extent

SMALL = Extent(
    corrupted=60,
    severities=20,
    curves=30,
    attacked=40,
    epsilons=(0.1,),
    non_digits=20,
    searched=100,
    compared=300,
    most_mistakes=10,
    attributed=2,
    neighbours_among=300,
    mapped=60,
    more_seeds=1,
)
