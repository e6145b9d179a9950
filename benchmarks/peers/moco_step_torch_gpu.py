#!/usr/bin/env python3
"""One MoCo training step in PyTorch on a GPU, timed: the peer of `jmoco bench step --backend cuda`.

The model is that of moco_step_torch.py (published CIFAR demo, github.com/facebookresearch/moco): momentum update of the key
encoder, keys of the second view in shuffled order, queries of the first, InfoNCE against the queue, backward, SGD, enqueue.
Everything lies on the device; views are made beforehand or, with --views, in each step from u8 images on the device. Each setting is
checked (finite loss, weights change), warmed up and timed by events over several steps without reading anything back. Which seconds
count: the steps, from weights and images (with --views: u8 images) in the device's memory to the enqueued keys; no copy from the host.

With --cifar DIR (binary files, official or as jmoco packs them) it times whole epochs in PyTorch's usual way instead: PIL images, two views of each by
torchvision, a DataLoader of --workers processes with pinned memory. Which seconds count then: from the first batch asked for to
the last step of an epoch, copies to the device included; neither reading the files nor the first epoch.

A setting is HOW-PRECISION[-nchw]; channels_last is the default layout. HOW is one of
  eager      as written
  graph      the whole step (update, both passes, backward, SGD, enqueue) captured once as one CUDA graph
  compile    torch.compile(mode="reduce-overhead") of both passes and the loss, batch norm by its formula so that it fuses
  autotune   the same with mode="max-autotune", which compiles for minutes
  fused      torch.compile without graphs inside, then the whole step captured as one CUDA graph
PRECISION is f32, tf32 or bf16 (autocast).

    python3 benchmarks/peers/moco_step_torch_gpu.py --batch 512 --json
    python3 benchmarks/peers/moco_step_torch_gpu.py --settings eager-f32,compile-bf16
    python3 benchmarks/peers/moco_step_torch_gpu.py --cifar DIR --settings eager-bf16,graph-bf16
"""
import argparse
import json
import statistics
import sys
import time

MODES = ["eager", "graph", "compile", "autotune", "fused"]
PRECISIONS = ["f32", "tf32", "bf16"]
# The most telling first: the script may run out of time.
SETTINGS = ["eager-bf16", "graph-bf16", "graph-bf16-nchw", "fused-bf16", "compile-bf16", "fused-tf32", "graph-f32", "eager-f32", "autotune-bf16"]


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--batch", type=int, default=512, help="images in a step")
    p.add_argument("--image", type=int, default=32, help="height and width of an image")
    p.add_argument("--width", type=int, default=64, help="channels of the first ResNet-18 stage")
    p.add_argument("--splits", type=int, default=8, help="groups of split batch norm")
    p.add_argument("--queue", type=int, default=4096, help="negative keys; divisible by the batch")
    p.add_argument("--dim", type=int, default=128, help="length of queries and keys")
    p.add_argument("--steps", type=int, default=20, help="steps in one timing")
    p.add_argument("--repeats", type=int, default=7, help="timings; the median counts")
    p.add_argument("--views", action="store_true", help="make two random views in each step, from u8 images on the device")
    p.add_argument("--cifar", metavar="DIR", help="time epochs of the first --images images there, views by torchvision on PIL images")
    p.add_argument("--images", type=int, default=50000, help="images of an epoch")
    p.add_argument("--epochs", type=int, default=2, help="epochs that count, after one that warms up")
    p.add_argument("--workers", type=int, default=16, help="processes of the DataLoader")
    p.add_argument("--settings", default=",".join(SETTINGS), help="which settings, by commas")
    p.add_argument("--device", default="cuda", help="cpu tries the script itself; its times mean nothing")
    p.add_argument("--json", action="store_true", help="one JSON object a line")
    a = p.parse_args()
    if a.batch % a.splits or a.queue % a.batch:
        p.error("--batch must be divisible by --splits, and --queue by --batch")
    if a.cifar and a.views:
        p.error("--cifar makes views by torchvision, --views on the device: one of them")
    for s in a.settings.split(","):
        words = s.split("-")
        if words[0] not in MODES or len(words) < 2 or words[1] not in PRECISIONS or words[2:] not in ([], ["nchw"]):
            p.error(f"--settings {s}: expected HOW-PRECISION or HOW-PRECISION-nchw, HOW of {MODES}, PRECISION of {PRECISIONS}")
    return a


args = arguments()
try:
    import torch
except ImportError:
    sys.exit(f"moco_step_torch_gpu: {sys.executable} has no PyTorch")
import torch.nn.functional as F
from cifar_pairs import Pairs
from torch import nn

if args.device == "cuda" and not torch.cuda.is_available():
    sys.exit("moco_step_torch_gpu: PyTorch sees no GPU")


class SplitBatchNorm(nn.BatchNorm2d):
    """Sample n is in group n mod splits; each group has its own statistics, the running ones are averaged.

    Two ways to the same numbers: by F.batch_norm over splits * C channels, or by the formula, whose parts a compiler can fuse.
    """

    by_formula = False

    def forward(self, x):
        return self.formula(x) if self.by_formula else self.library(x)

    def library(self, x):
        n, c, h, w = x.shape
        s = args.splits
        nhwc = not x.is_contiguous()
        mean, var = self.running_mean.repeat(s), self.running_var.repeat(s)
        y = F.batch_norm(x.reshape(-1, c * s, h, w), mean, var, self.weight.repeat(s), self.bias.repeat(s),
                         True, self.momentum, self.eps).reshape(n, c, h, w)
        with torch.no_grad():
            self.running_mean.copy_(mean.view(s, c).mean(0))
            self.running_var.copy_(var.view(s, c).mean(0))
        return y.contiguous(memory_format=torch.channels_last) if nhwc else y

    def formula(self, x):
        n, c, h, w = x.shape
        s = args.splits
        g = x.view(n // s, s, c, h, w).float()
        var, mean = torch.var_mean(g, dim=(0, 3, 4), unbiased=False, keepdim=True)
        scale = torch.rsqrt(var + self.eps) * self.weight.float().view(1, 1, c, 1, 1)
        y = ((g - mean) * scale + self.bias.float().view(1, 1, c, 1, 1)).to(x.dtype).view(n, c, h, w)
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
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


def encoder():
    w = args.width
    blocks, c = [], w
    for stage in range(4):
        k = w << stage
        blocks += [BasicBlock(c, k, 1 if stage == 0 else 2), BasicBlock(k, k, 1)]
        c = k
    net = nn.Sequential(conv(3, w, 3, 1), SplitBatchNorm(w), nn.ReLU(), *blocks,
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(c, args.dim))
    return net


def random_views(images, index):
    """A random view of each chosen image, as float: crop and flip, colour jitter with p 0.8, grey with p 0.2, normalised.

    Less work than torchvision's (and jmoco's): bilinear without antialias, jitter in one fixed order.
    """
    n, d = index.numel(), args.device
    x = images[index].float() / 255
    area = torch.empty(n, device=d).uniform_(0.08, 1)
    ratio = torch.exp(torch.empty(n, device=d).uniform_(-0.2877, 0.2877))  # log 3/4 to log 4/3
    w, h = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    flip = torch.where(torch.rand(n, device=d) < 0.5, -1.0, 1.0)
    zero = torch.zeros_like(w)
    theta = torch.stack([torch.stack([w * flip, zero, (1 - w) * (2 * torch.rand(n, device=d) - 1)], 1),
                         torch.stack([zero, h, (1 - h) * (2 * torch.rand(n, device=d) - 1)], 1)], 1)
    x = F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)

    def factor(low, high):
        return torch.empty(n, 1, 1, 1, device=d).uniform_(low, high)

    def grey(v):
        return (v * luma).sum(1, keepdim=True)

    luma = LUMA.view(1, 3, 1, 1)
    y = (x * factor(0.6, 1.4)).clamp(0, 1)
    k = factor(0.6, 1.4)
    y = (k * y + (1 - k) * grey(y).mean((2, 3), keepdim=True)).clamp(0, 1)
    k = factor(0.6, 1.4)
    y = (k * y + (1 - k) * grey(y)).clamp(0, 1)
    angle = factor(-0.1, 0.1) * 6.2831853  # hue: a turn about the grey axis
    cos, sin = torch.cos(angle), torch.sin(angle)
    red, green, blue = y[:, 0:1], y[:, 1:2], y[:, 2:3]
    mean = (red + green + blue) / 3 * (1 - cos)
    third = sin * 0.57735027
    y = torch.cat([mean + cos * red + third * (blue - green), mean + cos * green + third * (red - blue),
                   mean + cos * blue + third * (green - red)], 1).clamp(0, 1)
    x = torch.where(torch.rand(n, 1, 1, 1, device=d) < 0.8, y, x)
    x = torch.where(torch.rand(n, 1, 1, 1, device=d) < 0.2, grey(x).expand_as(x), x)
    return (x - MEAN) / STD


LUMA = torch.tensor([0.299, 0.587, 0.114], device=args.device)
MEAN = torch.tensor([0.4914, 0.4822, 0.4465], device=args.device).view(1, 3, 1, 1)
STD = torch.tensor([0.2023, 0.1994, 0.2010], device=args.device).view(1, 3, 1, 1)


class Trainer:
    """One setting with its own weights, queue and views."""

    def __init__(self, setting):
        words = setting.split("-")
        self.mode, precision = words[:2]
        if self.mode in ("graph", "fused") and args.device != "cuda":
            raise RuntimeError("a CUDA graph needs CUDA")
        torch.manual_seed(1)
        tf32 = precision != "f32"
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        self.bf16 = precision == "bf16"
        self.format = torch.contiguous_format if "nchw" in words else torch.channels_last
        device = args.device
        self.q, self.k = (encoder().to(device, memory_format=self.format) for _ in range(2))
        for m in [*self.q.modules(), *self.k.modules()]:
            if isinstance(m, SplitBatchNorm):
                m.by_formula = self.mode in ("compile", "autotune", "fused")
        self.k.load_state_dict(self.q.state_dict())
        self.k.requires_grad_(False)
        self.weights, self.key_weights = list(self.q.parameters()), list(self.k.parameters())
        self.queue = F.normalize(torch.randn(args.dim, args.queue, device=device), dim=0)
        self.head = torch.zeros((), dtype=torch.long, device=device)
        self.rows = torch.arange(args.batch, device=device)
        self.target = torch.zeros(args.batch, dtype=torch.long, device=device)
        self.views = [torch.randn(args.batch, 3, args.image, args.image, device=device).contiguous(memory_format=self.format) for _ in range(2)]
        self.images = torch.randint(0, 256, (10000, 3, args.image, args.image), dtype=torch.uint8, device=device) if args.views else None
        more = {"fused": True} if device == "cuda" else {}
        self.sgd = torch.optim.SGD(self.weights, lr=0.03, momentum=0.9, weight_decay=5e-4, **more)
        self.loss_of, self.view_of = self.forward, random_views
        if self.mode in ("compile", "autotune", "fused"):
            torch._dynamo.reset()  # what an earlier setting compiled may not count against this one's limit of recompilations
            how = {"compile": "reduce-overhead", "autotune": "max-autotune", "fused": "default"}[self.mode]
            self.loss_of = torch.compile(self.forward, mode=how)
            if args.views:
                self.view_of = torch.compile(random_views)
        self.begin = getattr(getattr(torch, "compiler", None), "cudagraph_mark_step_begin", lambda: None)
        self.graph = None
        if self.mode in ("graph", "fused"):
            self.capture()

    def forward(self, im_q, im_k, shuffle, back):
        # No cache of cast weights: each is used once in a pass, and a captured graph must not refer to casts of another time.
        with torch.autocast(args.device, torch.bfloat16, enabled=self.bf16, cache_enabled=False):
            with torch.no_grad():
                keys = F.normalize(self.k(im_k[shuffle]).float(), dim=1)[back]
            queries = F.normalize(self.q(im_q).float(), dim=1)
            positive = (queries * keys).sum(1, keepdim=True)
            logits = torch.cat([positive, queries @ self.queue], 1).float() / 0.1
            return F.cross_entropy(logits, self.target), keys

    def work(self):
        """One step, enqueued; nothing is read back."""
        with torch.no_grad():
            torch._foreach_mul_(self.key_weights, 0.99)
            torch._foreach_add_(self.key_weights, self.weights, alpha=0.01)
            views = self.views
            if args.views:
                index = torch.randint(0, self.images.shape[0], (args.batch,), device=args.device)
                views = [self.view_of(self.images, index).contiguous(memory_format=self.format) for _ in range(2)]
            shuffle = torch.rand(args.batch, device=args.device).argsort()
            back = shuffle.argsort()
        loss, keys = self.loss_of(views[0], views[1], shuffle, back)
        self.sgd.zero_grad(set_to_none=True)
        loss.backward()
        self.sgd.step()
        with torch.no_grad():
            self.queue.index_copy_(1, (self.rows + self.head) % args.queue, keys.T.to(self.queue.dtype))
            self.head.add_(args.batch).remainder_(args.queue)
        return loss

    def capture(self):
        """As PyTorch's notes on CUDA graphs ask: some steps on another stream first, gradients made within the capture."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                self.work()
        torch.cuda.current_stream().wait_stream(side)
        self.sgd.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = self.work()

    def step(self):
        if self.graph is not None:
            self.graph.replay()
            return self.loss.detach().clone()
        self.begin()
        return self.work().detach().clone()


def timed(trainer):
    """Milliseconds of a step, one number for each timing."""
    if args.device != "cuda":
        millis = []
        for _ in range(args.repeats):
            start = time.perf_counter()
            for _ in range(args.steps):
                trainer.step()
            millis.append(1000 * (time.perf_counter() - start) / args.steps)
        return millis
    millis = []
    for _ in range(args.repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(args.steps):
            trainer.step()
        end.record()
        end.synchronize()
        millis.append(start.elapsed_time(end) / args.steps)
    return millis


def synchronize():
    if args.device == "cuda":
        torch.cuda.synchronize()


def timed_epochs(trainer, pairs):
    """Milliseconds of a step in each epoch that counts, loading and views included."""
    loader = torch.utils.data.DataLoader(pairs, batch_size=args.batch, shuffle=True, num_workers=args.workers, drop_last=True,
                                         pin_memory=args.device == "cuda", persistent_workers=args.workers > 0)
    if not len(loader):
        sys.exit(f"moco_step_torch_gpu: --images {len(pairs)} are less than a batch of {args.batch}")
    millis = []
    for epoch in range(1 + args.epochs):
        start = time.perf_counter()
        for pair in loader:
            for view, images in zip(trainer.views, pair):
                view.copy_(images, non_blocking=True)
            trainer.step()
        synchronize()
        if epoch:
            millis.append(1000 * (time.perf_counter() - start) / len(loader))
    return millis


pairs = Pairs(args.cifar, args.images, args.image) if args.cifar else None
failed = False
for setting in args.settings.split(","):
    trainer = None
    try:
        if args.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        trainer = Trainer(setting)
        before = [p.detach().clone() for p in trainer.weights]
        for _ in range(5):
            loss = trainer.step()
        moved = sum(not torch.equal(a, b) for a, b in zip(before, trainer.weights))
        if not torch.isfinite(loss) or moved < len(before):
            raise RuntimeError(f"the loss is {loss.item()}; {moved} of {len(before)} weights changed")
        millis = timed(trainer) if pairs is None else timed_epochs(trainer, pairs)
        median = statistics.median(millis)
        row = {"setting": setting, "batch": args.batch, "images_per_s": round(1000 * args.batch / median, 1), "ms_median": round(median, 3),
               "ms_min": round(min(millis), 3), "ms_max": round(max(millis), 3), "loss": round(trainer.step().item(), 5),
               "peak_mib": torch.cuda.max_memory_allocated() // 2**20 if args.device == "cuda" else 0,
               "what": f"torch {torch.__version__} on {torch.cuda.get_device_name() if args.device == 'cuda' else 'cpu'}",
               "problem": f"moco_step n{args.batch} image{args.image} width{args.width} splits{args.splits} queue{args.queue} dim{args.dim}"
                          + (" with views" if args.views else "")
                          + ("" if pairs is None else f", epochs of {len(pairs)} PIL images, {args.workers} workers")}
        print(json.dumps(row) if args.json else f"{setting:16} {row['images_per_s']:10} images/s  {row['ms_median']:8} ms"
              f" ({row['ms_min']} .. {row['ms_max']})  loss {row['loss']}", flush=True)
    except Exception as e:  # the other settings are still worth their time
        failed = True
        print(f"{setting}: failed: {type(e).__name__}: {' '.join(str(e).split())[:300]}", file=sys.stderr, flush=True)
    finally:
        del trainer  # its memory, before the next setting takes its own
sys.exit(1 if failed else 0)
