"""Other people's ways, each short and plainly what their documentation does.

Every module has `run(seed, fraction) -> Measured`. With a fraction below one it takes only that part of the
training steps and scales the time up.
"""
