"""Our networks where scikit-learn's estimators go: a pipeline, cross-validation, a grid, next to one of its own.

    python examples/with_scikit_learn.py

On `load_digits`, 1,797 digits of 8 × 8 pixels that come with scikit-learn.
"""

from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from exmachina.sklearn import DigitClassifier

images, labels = load_digits(return_X_y=True)  # (1797, 64), (1797,)
for classifier in (LogisticRegression(), DigitClassifier(random_state=0)):
    scores = cross_val_score(make_pipeline(MinMaxScaler(clip=True), classifier), images, labels, cv=5)
    print(f"{type(classifier).__name__:20} {scores.mean():.1%}, from {scores.min():.1%} to {scores.max():.1%}")

search = GridSearchCV(DigitClassifier(random_state=0), {"learning_rate": [0.003, 0.01, 0.03]}, cv=3)
search.fit(images, labels)
print(f"best: {search.best_params_}, {search.best_score_:.1%}")
