"""What symmetric INT4 of Gaussian weights can be coded in: bits a weight of its codes and scales, by what a coder knows.

    test/Benchmarks/int4_entropy.py [--size 4096] [--group 128]

Scales are a group's extreme / 7.5 in BF16, as compressed-tensors has them. Prints entropies of codes and scales by themselves; of
codes in classes of their group's scale; and of both together, for a decoder that knows the distribution and that the largest weight
of each group made its scale: less is not possible for any format that gives them back.
"""

import argparse
import math

import numpy as np

SIGMA = 0.02


def bf16(values):
    bits = values.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype("<u4").view("<f4")


def entropy(counts):
    share = counts[counts > 0] / counts.sum()
    return -(share * np.log2(share)).sum()


def codes_by_class(codes, classes):
    """Bits a code where each class has a table of its own."""
    total = 0.0
    for each in np.unique(classes):
        counts = np.bincount(codes[classes == each].ravel(), minlength=16)
        total += entropy(counts) * counts.sum()
    return total / codes.size


def codes_of_normal(scale):
    """Shares of the codes of weights whose magnitude is at most 7.5 scales."""
    edges = np.concatenate([[-7.5], np.arange(1, 16) - 8.5, [7.5]]) * scale / SIGMA
    below = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    # A code that only extremes have gets a share that costs the others nothing.
    shares = np.maximum(np.diff(below), 1e-6)
    return shares / shares.sum()


def codes_by_extreme(groups, codes, scales):
    """Bits a code where one weight of each group is the extreme, and the others are below it."""
    magnitudes = np.abs(groups)
    is_extreme = magnitudes == magnitudes.max(1)[:, None]
    bits = 0.0
    for scale in np.unique(scales):
        of_scale = scales == scale
        shares = codes_of_normal(float(scale))
        extreme = np.bincount(codes[of_scale][is_extreme[of_scale]], minlength=16) + 1e-3
        extreme /= extreme.sum()
        here = codes[of_scale]
        bits -= np.log2(shares)[here].sum() + np.log2((extreme / shares)[here].mean(1)).sum()
    return bits / codes.size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--group", type=int, default=128)
    arguments = parser.parse_args()
    random = np.random.default_rng(5)
    weights = random.normal(0, SIGMA, (arguments.size, arguments.size)).astype(np.float32)
    groups = weights.reshape(-1, arguments.group)
    scales = bf16(np.abs(groups).max(1) / 7.5)
    codes = np.clip(np.rint(groups / scales[:, None]), -8, 7).astype(int) + 8
    of_scales = entropy(np.unique(scales, return_counts=True)[1]) / arguments.group
    print(f"scales                             {of_scales:.4f}")
    alone = codes_by_class(codes, np.zeros(len(codes), int))
    for what, of_codes in (
        ("codes by themselves", alone),
        ("codes by their scale", codes_by_class(codes, scales)),
        ("codes by their scale's extreme", codes_by_extreme(groups, codes, scales)),
    ):
        print(f"{what:34} {of_codes:.4f}, with scales {of_codes + of_scales:.4f}")


if __name__ == "__main__":
    main()
