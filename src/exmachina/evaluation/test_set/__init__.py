"""How often a test set was opened, and what choosing by it is worth."""
