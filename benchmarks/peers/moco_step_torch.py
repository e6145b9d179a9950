#!/usr/bin/python3
"""One MoCo training step in PyTorch, timed: the peer of `jmoco bench step`.

The step is that of the published CIFAR demo (github.com/facebookresearch/moco, colab notebook): momentum update of the key
encoder, keys of the second view in shuffled order, queries of the first, InfoNCE against the queue, backward, SGD, enqueue.
Views are made beforehand, so only the step is timed. f32. Best setting found for PyTorch 1.13 on the CPU: contiguous layout
and a malloc that keeps freed memory and asks for huge pages; the script starts itself again with that malloc setting.
With --compile both passes and the loss go through torch.compile (PyTorch 2, a C++ compiler), batch norm by its formula so that it fuses.

    /usr/bin/python3 benchmarks/peers/moco_step_torch.py --steps 5 --json

With --cifar DIR (binary files, official or packed) it times whole epochs instead, as the published notebook trains: images as PIL, two random
views of each by torchvision, a DataLoader of 16 workers. Which seconds count: from the first batch asked for to the last step.

    /usr/bin/python3 benchmarks/peers/moco_step_torch.py --cifar DIR --images 4096 --width 16 --json
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import glibc_malloc


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--batch", type=int, default=128, help="images in a step")
    p.add_argument("--image", type=int, default=32, help="height and width of an image")
    p.add_argument("--width", type=int, default=64, help="channels of the first ResNet-18 stage")
    p.add_argument("--splits", type=int, default=8, help="groups of split batch norm")
    p.add_argument("--queue", type=int, default=4096, help="negative keys")
    p.add_argument("--dim", type=int, default=128, help="length of queries and keys")
    p.add_argument("--steps", type=int, default=5, help="timed steps")
    p.add_argument("--warmup", type=int, default=2, help="steps before the timed ones")
    p.add_argument("--layout", choices=["contiguous", "channels_last"], default="contiguous", help="memory format")
    p.add_argument("--compile", action="store_true", help="torch.compile of both passes and the loss")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of PyTorch")
    p.add_argument("--malloc", choices=["huge", "default"], default="huge", help="setting of glibc's malloc")
    p.add_argument("--cifar", metavar="DIR", help="time epochs of the first --images images there, views by torchvision on PIL images")
    p.add_argument("--images", type=int, default=4096, help="images of an epoch")
    p.add_argument("--epochs", type=int, default=2, help="epochs that count, after one that warms up")
    p.add_argument("--workers", type=int, default=16, help="processes of the DataLoader")
    p.add_argument("--views-only", action="store_true", help="draw the views of an epoch, take no step")
    p.add_argument("--json", action="store_true", help="print one JSON object only")
    a = p.parse_args()
    if a.batch % a.splits:
        p.error(f"--batch {a.batch} is not divisible by --splits {a.splits}")
    return a


args = arguments()
if args.malloc == "huge":
    glibc_malloc.use_huge_pages()

try:
    import torch
except ImportError:
    sys.exit(f"moco_step_torch: {sys.executable} has no PyTorch; on Debian: apt install python3-torch, then /usr/bin/python3")
import torch.nn.functional as F
from cifar_pairs import Pairs
from torch import nn

torch.set_num_threads(args.threads)
torch.manual_seed(1)
CHANNELS_LAST = args.layout == "channels_last"


class SplitBatchNorm(nn.BatchNorm2d):
    """Sample n is in group n mod splits; each group has its own statistics, the running ones are averaged."""

    def forward(self, x):
        return self.formula(x) if args.compile else self.library(x)

    def library(self, x):
        n, c, h, w = x.shape
        s = args.splits
        mean, var = self.running_mean.repeat(s), self.running_var.repeat(s)
        y = F.batch_norm(x.reshape(-1, c * s, h, w), mean, var, self.weight.repeat(s), self.bias.repeat(s),
                         True, self.momentum, self.eps).reshape(n, c, h, w)
        self.running_mean.copy_(mean.view(s, c).mean(0))
        self.running_var.copy_(var.view(s, c).mean(0))
        return y.contiguous(memory_format=torch.channels_last) if CHANNELS_LAST else y

    def formula(self, x):
        n, c, h, w = x.shape
        s = args.splits
        g = x.view(n // s, s, c, h, w)
        var, mean = torch.var_mean(g, dim=(0, 3, 4), unbiased=False, keepdim=True)
        scale = torch.rsqrt(var + self.eps) * self.weight.view(1, 1, c, 1, 1)
        y = ((g - mean) * scale + self.bias.view(1, 1, c, 1, 1)).view(n, c, h, w)
        with torch.no_grad():
            count = n // s * h * w
            self.running_mean.lerp_(mean.view(s, c).mean(0), self.momentum)
            self.running_var.lerp_(var.view(s, c).mean(0) * (count / (count - 1)), self.momentum)
        return y


def conv(c, k, r, stride):
    return nn.Conv2d(c, k, r, stride, padding=r // 2, bias=False)


class BasicBlock(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(c, k, 3, stride), SplitBatchNorm(k)
        self.conv2, self.bn2 = conv(k, k, 3, 1), SplitBatchNorm(k)
        self.downsample = nn.Sequential(conv(c, k, 1, stride), SplitBatchNorm(k)) if stride > 1 or c != k else nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x), inplace=True)


def encoder():
    w = args.width
    blocks, c = [], w
    for stage in range(4):
        k = w << stage
        blocks += [BasicBlock(c, k, 1 if stage == 0 else 2), BasicBlock(k, k, 1)]
        c = k
    net = nn.Sequential(conv(3, w, 3, 1), SplitBatchNorm(w), nn.ReLU(inplace=True), *blocks,
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(c, args.dim))
    return net.to(memory_format=torch.channels_last) if CHANNELS_LAST else net


def views():
    x = torch.randn(args.batch, 3, args.image, args.image)
    return x.contiguous(memory_format=torch.channels_last) if CHANNELS_LAST else x


encoder_q, encoder_k = encoder(), encoder()
encoder_k.load_state_dict(encoder_q.state_dict())
for parameter in encoder_k.parameters():
    parameter.requires_grad = False
queue = F.normalize(torch.randn(args.dim, args.queue), dim=0)
queue_head = 0
sgd = torch.optim.SGD(encoder_q.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4)
im_q, im_k = views(), views()
target = torch.zeros(args.batch, dtype=torch.long)


def passes(im_q, im_k, shuffle, queue):
    """Both passes: the loss and the keys."""
    with torch.no_grad():
        keys = F.normalize(encoder_k(im_k[shuffle]), dim=1)[torch.argsort(shuffle)]
    queries = F.normalize(encoder_q(im_q), dim=1)
    positive = (queries * keys).sum(1, keepdim=True)
    return F.cross_entropy(torch.cat([positive, queries @ queue], 1) / 0.1, target), keys


if args.compile:
    if not hasattr(torch, "compile"):
        sys.exit(f"moco_step_torch: --compile needs PyTorch 2, and this is {torch.__version__}; PYTHON=... names another Python")
    passes = torch.compile(passes)


def step(im_q, im_k):
    global queue_head
    with torch.no_grad():
        for k, q in zip(encoder_k.parameters(), encoder_q.parameters()):
            k.mul_(0.99).add_(q, alpha=0.01)
    loss, keys = passes(im_q, im_k, torch.randperm(args.batch), queue.clone())  # backward needs the queue as it was
    sgd.zero_grad(set_to_none=True)
    loss.backward()
    unreached = [name for name, p in encoder_q.named_parameters() if p.grad is None]
    if unreached:
        sys.exit(f"moco_step_torch: no gradient reached {', '.join(unreached)}")
    sgd.step()
    rows = (torch.arange(args.batch) + queue_head) % args.queue
    queue[:, rows] = keys.T
    queue_head = (queue_head + args.batch) % args.queue
    return loss.item()


def epochs():
    """Seconds of each epoch that counts, and the last loss."""
    loader = torch.utils.data.DataLoader(Pairs(args.cifar, args.images, args.image), batch_size=args.batch, shuffle=True,
                                         num_workers=args.workers, drop_last=True)
    seconds, loss = [], 0.0
    for epoch in range(1 + args.epochs):
        start = time.perf_counter()
        for im_q, im_k in loader:
            if args.views_only:
                continue
            if CHANNELS_LAST:
                im_q, im_k = (x.contiguous(memory_format=torch.channels_last) for x in (im_q, im_k))
            loss = step(im_q, im_k)
        if epoch:
            seconds.append(time.perf_counter() - start)
    return seconds, loss


millis = []
if args.cifar:
    seconds, loss = epochs()
    millis = [1000 * s * args.batch / (args.images // args.batch * args.batch) for s in seconds]
else:
    for i in range(args.warmup + args.steps):
        start = time.perf_counter()
        loss = step(im_q, im_k)
        if i >= args.warmup:
            millis.append(1000 * (time.perf_counter() - start))
if not loss == loss:
    sys.exit("moco_step_torch: the loss is not a number")

median = statistics.median(millis)
result = {
    "images_per_s": round(1000 * args.batch / median, 3),
    "ms_median": round(median, 2),
    "ms_min": round(min(millis), 2),
    "ms_max": round(max(millis), 2),
    "loss": round(loss, 5),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "what": f"torch {torch.__version__} {args.layout}{' compiled' if args.compile else ''} malloc={args.malloc}"
            + (f", PIL views{' alone' if args.views_only else ''}, {args.workers} workers" if args.cifar else ""),
    "problem": f"moco_step n{args.batch} image{args.image} width{args.width} splits{args.splits} queue{args.queue}"
               f" dim{args.dim} f32 threads{args.threads}",
}
if args.json:
    print(json.dumps(result))
else:
    for key, value in result.items():
        print(f"{key:14}{value}")
