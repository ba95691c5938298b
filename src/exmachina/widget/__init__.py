"""Parts of the lesson's page as widgets of a notebook: a pad, the layers of a network, a training as it happens.

    from exmachina.widget import Layers, Pad, watch

    run = watch(exmachina.train(recipe, train, seed=0, test=test), image=test.images[257])
    pad = Pad(run)  # draw on it; `pad.prediction` follows
    layers = Layers(run, test.images[257])

What they show is the page's own arithmetic, in the page's own modules (`lesson/web`), which `npm run bundle` puts
together in `widget.js`. Needs the extra `notebook`.
"""

try:
    import anywidget as _anywidget  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError("The widgets need anywidget: pip install 'hello-ex-machina[notebook]'.") from error

from exmachina.widget.digit import Layers, Pad
from exmachina.widget.training import TrainingView, watch

__all__ = ["Layers", "Pad", "TrainingView", "watch"]
