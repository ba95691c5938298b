"""The same digits with the engine: learned within a second, tested once, kept, and asked.

python examples/ten_lines.py
"""

from exmachina import Classifier, fit, get_recipe, load_mnist

train, test = load_mnist()
run = fit(get_recipe("fast"), train, seed=0, test=test)
print(f"test accuracy {run.test_accuracy:.2%} after {run.train_seconds:.2f} seconds")
run.save("runs/ten-lines")
print(Classifier.load("runs/ten-lines").predict(test.images[257]))
