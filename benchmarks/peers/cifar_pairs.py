"""CIFAR-10 images as the published MoCo notebook feeds them: PIL images, two random views of each by torchvision."""
import gzip
import os
import sys

import torch


def fail(why):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {why}")


def read(file, numpy):
    """N x 32 x 32 x 3 bytes of data_batch_1.bin, or of data_batch_1.res.gz, which jmoco's slices hold."""
    packed = file.endswith(".gz")
    with (gzip.open if packed else open)(file, "rb") as f:
        data = numpy.frombuffer(f.read(), numpy.uint8)
    if not len(data) or len(data) % 3073:
        fail(f"{file} has {len(data)} bytes, which are no whole images of 3073; it is damaged or cut, get it again")
    return unpack(data, numpy) if packed else data.reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def unpack(data, numpy):
    """Labels, then planes G, R-G+128, B-G+128, of residuals mod 256 against the median edge detector: see CifarPacking.java."""
    n = len(data) // 3073
    residual = data[n:].reshape(3, n, 32, 32).transpose(2, 3, 0, 1).astype(numpy.int16)
    v = numpy.empty_like(residual, order="C")  # [32, 32, 3, N]
    for y in range(32):
        for x in range(32):
            if y == 0 or x == 0:
                predicted = v[y, x - 1] if x else v[y - 1, x] if y else 0
            else:
                left, up = v[y, x - 1], v[y - 1, x]
                predicted = numpy.clip(left + up - v[y - 1, x - 1], numpy.minimum(left, up), numpy.maximum(left, up))
            v[y, x] = (residual[y, x] + predicted) & 255
    green, red, blue = v[:, :, 0], v[:, :, 1] + v[:, :, 0] - 128, v[:, :, 2] + v[:, :, 0] - 128
    return numpy.ascontiguousarray((numpy.stack([red, green, blue], -1) & 255).astype(numpy.uint8).transpose(2, 0, 1, 3))


class Pairs(torch.utils.data.Dataset):
    """Two random views of each of the first images in a folder of CIFAR-10's binary files, official or packed.

    folder: holds data_batch_1 to data_batch_5, as .bin or .res.gz, itself or in cifar-10-batches-bin
    images: how many of those that there are, 50,000 in the whole set
    size: height and width of a view
    """

    def __init__(self, folder, images, size):
        try:
            import numpy
            from PIL import Image
            from torchvision import transforms
        except ImportError as e:
            fail(f"{e}; on Debian: apt install python3-torchvision python3-pil")
        inner = os.path.join(folder, "cifar-10-batches-bin")
        folder = inner if os.path.isdir(inner) else folder
        both = [[os.path.join(folder, f"data_batch_{i}{end}") for end in (".bin", ".res.gz")] for i in range(1, 6)]
        files = [next(filter(os.path.exists, names)) for names in both if any(map(os.path.exists, names))]
        if not files:
            fail(f"{folder} has no data_batch_1.bin or .res.gz: CIFAR-10's binary files are needed")
        self.pixels = numpy.concatenate([read(f, numpy) for f in files])[:images]
        self.image = Image.fromarray
        self.transform = transforms.Compose([
            transforms.RandomResizedCrop(size, scale=(0.08, 1)), transforms.RandomHorizontalFlip(p=0.5),
            transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8), transforms.RandomGrayscale(p=0.2),
            transforms.ToTensor(), transforms.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010])])

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, i):
        image = self.image(self.pixels[i])
        return self.transform(image), self.transform(image)
