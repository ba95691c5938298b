"""Looking inside a trained network: what it computes for one image, exactly.

Nothing here draws; `exmachina.figures` does.
"""

from exmachina.inspection.attribution import METHODS, Attribution, attribute
from exmachina.inspection.neuron import Contribution, NeuronSum, neuron_sum, strongest_neuron
from exmachina.inspection.outputs import (
    FeatureMaps,
    Kernels,
    before_activation,
    dead_channels,
    feature_maps,
    kernels,
    layer_inputs,
    network_input,
)
from exmachina.inspection.preferred import PreferredImage, preferred_images
from exmachina.inspection.receptive import Box, ReceptiveField, receptive_field
from exmachina.inspection.surface import (
    OPTIMIZERS,
    LossSurface,
    Plane,
    Walk,
    loss_surface,
    optimizer_walk,
    plane_of_trajectory,
    plane_through_start,
)

__all__ = [
    "METHODS",
    "OPTIMIZERS",
    "Attribution",
    "Box",
    "Contribution",
    "FeatureMaps",
    "Kernels",
    "LossSurface",
    "NeuronSum",
    "Plane",
    "PreferredImage",
    "ReceptiveField",
    "Walk",
    "attribute",
    "before_activation",
    "dead_channels",
    "feature_maps",
    "kernels",
    "layer_inputs",
    "loss_surface",
    "network_input",
    "neuron_sum",
    "optimizer_walk",
    "plane_of_trajectory",
    "plane_through_start",
    "preferred_images",
    "receptive_field",
    "strongest_neuron",
]
