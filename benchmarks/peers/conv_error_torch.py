#!/usr/bin/env python3
"""Rounding error of one convolution forward in PyTorch: largest and root mean square, in units of 2^-24 of the result's root mean
square, against f64. The rows beside those of org.jmoco.backend.cpu.ConvErrors: same sizes and distributions, other draws."""
import torch

torch.manual_seed(5)
torch.set_num_threads(2)
for n, h, c, k, stride in [(2, 32, 3, 64, 1), (2, 32, 64, 64, 1), (2, 32, 64, 128, 2), (2, 16, 128, 128, 1),
                           (2, 8, 256, 256, 1), (2, 4, 512, 512, 1)]:
    x = torch.randn(n, c, h, h).clamp(min=0)
    w = torch.randn(k, c, 3, 3)
    exact = torch.nn.functional.conv2d(x.double(), w.double(), stride=stride, padding=1)
    for name, layout in (("contiguous", torch.contiguous_format), ("channels_last", torch.channels_last)):
        y = torch.nn.functional.conv2d(x.to(memory_format=layout), w.to(memory_format=layout), stride=stride, padding=1)
        error = (y.double() - exact) / exact.pow(2).mean().sqrt() * 2**24
        print(f"| n{n} h{h} w{h} c{c} k{k} r3 s3 st{stride} pd1 | PyTorch {torch.__version__} {name} | {error.abs().max():.2f} "
              f"| {error.pow(2).mean().sqrt():.3f} |")
