"""Pictures: reading files, cleaning photos, and bringing a digit into the form that MNIST gave its own."""

SIDE = 28  # pixels of a digit's picture, as MNIST's
