"""Training on PyTorch, an extra: `pip install "hello-ex-machina[torch]"`."""
