"""Figures in one look: each function takes what was computed and returns a matplotlib figure, light or dark.

Nothing is shown or written by itself: a notebook displays the figure, `save` writes it as PNG, SVG or PDF.
"""

from exmachina.figures.answers import attributions, confidence, preferred
from exmachina.figures.arithmetic import convolution, neuron, receptive_field
from exmachina.figures.descent import gradient_descent
from exmachina.figures.diagram import network_diagram
from exmachina.figures.digits import digits_grid, mistakes, preprocessing
from exmachina.figures.drawing.album import save_album
from exmachina.figures.drawing.palette import Palette, palette
from exmachina.figures.drawing.style import Plate, look, new_figure, note, place, render, save
from exmachina.figures.ideas import cross_entropy, dropout, relu, softmax
from exmachina.figures.maps import feature_maps, feature_overview, kernels
from exmachina.figures.progress import confusion_matrix, training_curve
from exmachina.figures.sets import explain_figures, hello_figures, inspect_figures

__all__ = [
    "Palette",
    "Plate",
    "attributions",
    "confidence",
    "confusion_matrix",
    "convolution",
    "cross_entropy",
    "digits_grid",
    "dropout",
    "explain_figures",
    "feature_maps",
    "feature_overview",
    "gradient_descent",
    "hello_figures",
    "inspect_figures",
    "kernels",
    "look",
    "mistakes",
    "network_diagram",
    "neuron",
    "new_figure",
    "note",
    "palette",
    "place",
    "preferred",
    "preprocessing",
    "receptive_field",
    "relu",
    "render",
    "save",
    "save_album",
    "softmax",
    "training_curve",
]
