"""Pictures: reading files, cleaning photos, and bringing a digit into the form that MNIST gave its own."""
