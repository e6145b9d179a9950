"""CIFAR-10 images as the published MoCo notebook feeds them: PIL images, two random views of each by torchvision."""
import os
import sys

import torch


class Pairs(torch.utils.data.Dataset):
    """Two random views of each of the first images in a folder of the official binary files.

    folder: holds data_batch_1.bin to data_batch_5.bin, itself or in cifar-10-batches-bin
    images: how many of the 50,000
    size: height and width of a view
    """

    def __init__(self, folder, images, size):
        try:
            import numpy
            from PIL import Image
            from torchvision import transforms
        except ImportError as e:
            sys.exit(f"{os.path.basename(sys.argv[0])}: {e}; on Debian: apt install python3-torchvision python3-pil")
        inner = os.path.join(folder, "cifar-10-batches-bin")
        folder = inner if os.path.isdir(inner) else folder
        files = [f for f in (os.path.join(folder, f"data_batch_{i}.bin") for i in range(1, 6)) if os.path.exists(f)]
        if not files:
            sys.exit(f"{os.path.basename(sys.argv[0])}: {folder} has no data_batch_1.bin: CIFAR-10's binary files are needed")
        records = numpy.concatenate([numpy.fromfile(f, numpy.uint8).reshape(-1, 3073) for f in files])[:images]
        self.pixels = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
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
