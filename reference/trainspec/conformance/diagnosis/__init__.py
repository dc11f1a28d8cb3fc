"""What an implementation is: evidence, the forms that it may have, the searches, and words for it.

From the same come `identify`, `compare`, and the check of default hyperparameters.
"""
