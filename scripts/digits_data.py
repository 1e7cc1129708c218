"""The digits of scikit-learn (UCI "Optical Recognition of Handwritten Digits", test part; 1797 images of 8 x 8, 0..16)."""

import numpy as np
from sklearn.datasets import load_digits


def split(seed):
    """Images [n, 8, 8] in 0..1 and labels; one image of five of each class is held out for testing."""
    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target.astype(np.int64)
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), bool)
    for digit in range(10):
        of_class = rng.permutation(np.flatnonzero(labels == digit))
        held_out[of_class[:len(of_class) // 5]] = True
    train, test = rng.permutation(np.flatnonzero(~held_out)), rng.permutation(np.flatnonzero(held_out))
    return (images[train], labels[train]), (images[test], labels[test])
