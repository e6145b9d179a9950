"""Prints the checksums that PillowTest.java holds: what Pillow and torchvision make of generated images.

Run with torchvision 0.14 and Pillow 9.4 (Debian 12: python3-torchvision, python3-pil). PillowTest makes the same images
and calls; all factors are multiples of 1/64, so they are the same number in f32 and f64.
"""
import zlib

import numpy as np
import PIL
import torchvision
import torchvision.transforms.functional as F
from PIL import Image, ImageFilter

MASK = (1 << 64) - 1


def splitmix(i):
    z = (i + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Choices:
    """choice(n): a number in 0 .. n-1."""

    def __init__(self, seed):
        self.at = seed << 32

    def choice(self, n):
        self.at += 1
        return (splitmix(self.at) >> 33) % n


def picture(c):
    """Height, width 1 .. 90; a ramp with noise, noise alone, or grey noise."""
    h, w, kind = 1 + c.choice(90), 1 + c.choice(90), c.choice(3)
    a = np.zeros((h, w, 3), np.uint8)
    for y in range(h):
        for x in range(w):
            if kind == 0:
                a[y, x] = [(7 * x + 5 * y + 31 * k + c.choice(64)) % 256 for k in range(3)]
            elif kind == 1:
                a[y, x] = [c.choice(256) for k in range(3)]
            else:
                a[y, x] = c.choice(256)
    return Image.fromarray(a, "RGB")


def box(c, image):
    h, w = 1 + c.choice(image.height), 1 + c.choice(image.width)
    return c.choice(image.height - h + 1), c.choice(image.width - w + 1), h, w


CASES = 60


def group(name, seed, operation):
    c, crc = Choices(seed), 0
    for _ in range(CASES):
        crc = zlib.crc32(operation(c, picture(c)).tobytes(), crc)
    print(f"{name:12} {crc:#010x}")


def resized_crop(c, p):
    top, left, h, w = box(c, p)
    return F.resized_crop(p, top, left, h, w, (1 + c.choice(64), 1 + c.choice(64)))


def chain(c, p):
    top, left, h, w = box(c, p)
    p = F.resized_crop(p, top, left, h, w, (24, 24))
    if c.choice(2):
        p = F.hflip(p)
    steps = [
        lambda q: F.adjust_brightness(q, (32 + c.choice(64)) / 64),
        lambda q: F.adjust_contrast(q, (32 + c.choice(64)) / 64),
        lambda q: F.adjust_saturation(q, (32 + c.choice(64)) / 64),
        lambda q: F.adjust_hue(q, (c.choice(17) - 8) / 64),
    ]
    first = c.choice(4)
    for i in range(4):
        p = steps[(first + i) % 4](p)
    if c.choice(4) == 0:
        p = F.to_grayscale(p, 3)
    return p.filter(ImageFilter.GaussianBlur((1 + c.choice(160)) / 64))


print("torchvision", torchvision.__version__, "Pillow", PIL.__version__)
group("resizedCrop", 1, resized_crop)
group("brightness", 2, lambda c, p: F.adjust_brightness(p, c.choice(129) / 64))
group("contrast", 3, lambda c, p: F.adjust_contrast(p, c.choice(129) / 64))
group("saturation", 4, lambda c, p: F.adjust_saturation(p, c.choice(129) / 64))
group("hue", 5, lambda c, p: F.adjust_hue(p, (c.choice(65) - 32) / 64))
group("blur", 6, lambda c, p: p.filter(ImageFilter.GaussianBlur((1 + c.choice(640)) / 64)))
group("chain", 7, chain)

every = np.arange(1 << 24, dtype=np.uint32)
every = np.stack([every >> 16, every >> 8 & 255, every & 255], 1).astype(np.uint8).reshape(4096, 4096, 3)
for name, source, target in [("toHsv", "RGB", "HSV"), ("toRgb", "HSV", "RGB"), ("luma", "RGB", "L")]:
    print(f"{name:12} {zlib.crc32(Image.fromarray(every, source).convert(target).tobytes()):#010x}")
pairs = np.arange(1 << 16, dtype=np.uint32)
first = Image.fromarray((pairs >> 8).astype(np.uint8).reshape(256, 256))
second = Image.fromarray((pairs & 255).astype(np.uint8).reshape(256, 256))
crc = 0
for factor in [0.0, 0.2, 0.6, 0.93, 1.0, 1.0103, 1.4, 1.999, 2.5]:
    crc = zlib.crc32(Image.blend(first, second, factor).tobytes(), crc)
print(f"{'blend':12} {crc:#010x}")
