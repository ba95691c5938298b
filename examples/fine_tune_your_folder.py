"""Let a trained network learn your own handwriting, without forgetting everybody else's.

    python examples/fine_tune_your_folder.py FOLDER

FOLDER holds pictures of single digits, photos or scans, in sub-folders `0` to `9` named after what they show. Four of
five are learned, one of five is kept back: what the network reads there, before and after, is what it will read of you.
"""

import sys

from exmachina import Classifier, Run, TrainingEnd, finetune, load_image_folder, load_mnist, split

digits = load_image_folder(sys.argv[1])  # each picture is brought into MNIST's form
mine = split(digits, validation=len(digits) // 5, seed=0)
mnist, test = load_mnist()
run = Run.load("fast")
for event in finetune(run, mine.train, mnist, seed=0, test=test):
    if isinstance(event, TrainingEnd):
        for name, each in (("before", run), ("after", event.run)):
            reader = Classifier.from_run(each)
            yours = reader.accuracy(mine.validation.images, mine.validation.labels)
            print(f"{name:>6}: yours {yours:.1%}, MNIST's {reader.accuracy(test.images, test.labels):.2%}")
        print("kept as", event.run.save("runs/mine"))
