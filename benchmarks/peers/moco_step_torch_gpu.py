#!/usr/bin/env python3
"""One MoCo training step in PyTorch on a GPU, timed: the peer of `jmoco bench step --backend cuda`.

The model is that of moco_step_torch.py (published CIFAR demo, github.com/facebookresearch/moco): momentum update of the key
encoder, keys of the second view in shuffled order, queries of the first, InfoNCE against the queue, backward, SGD, enqueue.
Everything lies on the device, views are made beforehand. Each setting is checked (finite loss, weights change), warmed up and
timed by events over several steps without reading anything back.

    python3 benchmarks/peers/moco_step_torch_gpu.py --batch 512 --json
    python3 benchmarks/peers/moco_step_torch_gpu.py --settings eager-f32,compile-bf16
"""
import argparse
import json
import statistics
import sys

SETTINGS = ["eager-f32", "eager-tf32", "eager-bf16", "compile-tf32", "compile-bf16"]


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
    p.add_argument("--layout", choices=["channels_last", "contiguous"], default="channels_last", help="memory format")
    p.add_argument("--settings", default=",".join(SETTINGS), help="which settings, by commas")
    p.add_argument("--device", default="cuda", help="cpu tries the script itself; its times mean nothing")
    p.add_argument("--json", action="store_true", help="one JSON object a line")
    a = p.parse_args()
    if a.batch % a.splits or a.queue % a.batch:
        p.error("--batch must be divisible by --splits, and --queue by --batch")
    unknown = [s for s in a.settings.split(",") if s not in SETTINGS]
    if unknown:
        p.error(f"--settings {unknown}: choose from {SETTINGS}")
    return a


args = arguments()
try:
    import torch
except ImportError:
    sys.exit(f"moco_step_torch_gpu: {sys.executable} has no PyTorch")
import torch.nn.functional as F
from torch import nn

if args.device == "cuda" and not torch.cuda.is_available():
    sys.exit("moco_step_torch_gpu: PyTorch sees no GPU")
FORMAT = torch.channels_last if args.layout == "channels_last" else torch.contiguous_format


class SplitBatchNorm(nn.BatchNorm2d):
    """Sample n is in group n mod splits; each group has its own statistics, the running ones are averaged."""

    def forward(self, x):
        n, c, h, w = x.shape
        s = args.splits
        mean, var = self.running_mean.repeat(s), self.running_var.repeat(s)
        y = F.batch_norm(x.reshape(-1, c * s, h, w), mean, var, self.weight.repeat(s), self.bias.repeat(s),
                         True, self.momentum, self.eps).reshape(n, c, h, w)
        with torch.no_grad():
            self.running_mean.copy_(mean.view(s, c).mean(0))
            self.running_var.copy_(var.view(s, c).mean(0))
        return y.contiguous(memory_format=FORMAT)


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
    return net.to(args.device, memory_format=FORMAT)


class Trainer:
    """One setting with its own weights, queue and views."""

    def __init__(self, setting):
        mode, precision = setting.split("-")
        torch.manual_seed(1)
        tf32 = precision != "f32"
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        self.bf16 = precision == "bf16"
        self.q, self.k = encoder(), encoder()
        self.k.load_state_dict(self.q.state_dict())
        self.k.requires_grad_(False)
        device = args.device
        self.queue = F.normalize(torch.randn(args.dim, args.queue, device=device), dim=0)
        self.head = torch.zeros((), dtype=torch.long, device=device)
        self.rows = torch.arange(args.batch, device=device)
        self.target = torch.zeros(args.batch, dtype=torch.long, device=device)
        self.views = [torch.randn(args.batch, 3, args.image, args.image, device=device).contiguous(memory_format=FORMAT) for _ in range(2)]
        self.sgd = torch.optim.SGD(self.q.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4, fused=device == "cuda")
        self.loss_of = self.forward
        if mode == "compile":
            # CUDA graphs of the compiled parts come with this mode; the loss is one graph with its backward.
            self.loss_of = torch.compile(self.forward, mode="reduce-overhead")

    def forward(self, im_q, im_k, shuffle):
        with torch.autocast(args.device, torch.bfloat16, enabled=self.bf16):
            with torch.no_grad():
                keys = F.normalize(self.k(im_k[shuffle]).float(), dim=1)[torch.argsort(shuffle)]
            queries = F.normalize(self.q(im_q).float(), dim=1)
            positive = (queries * keys).sum(1, keepdim=True)
            logits = torch.cat([positive, queries @ self.queue.clone()], 1) / 0.1
            return F.cross_entropy(logits.float(), self.target), keys

    def step(self):
        with torch.no_grad():
            torch._foreach_mul_(list(self.k.parameters()), 0.99)
            torch._foreach_add_(list(self.k.parameters()), list(self.q.parameters()), alpha=0.01)
        if hasattr(torch.compiler, "cudagraph_mark_step_begin"):
            torch.compiler.cudagraph_mark_step_begin()
        loss, keys = self.loss_of(self.views[0], self.views[1], torch.randperm(args.batch, device=args.device))
        self.sgd.zero_grad(set_to_none=True)
        loss.backward()
        self.sgd.step()
        with torch.no_grad():
            self.queue.index_copy_(1, (self.rows + self.head) % args.queue, keys.T.to(self.queue.dtype))
            self.head.add_(args.batch).remainder_(args.queue)
        return loss.detach().clone()


def timed(trainer):
    """Milliseconds of a step, one number for each timing."""
    if args.device != "cuda":
        import time
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


failed = False
for setting in args.settings.split(","):
    try:
        trainer = Trainer(setting)
        before = next(trainer.q.parameters()).detach().clone()
        for _ in range(5):
            loss = trainer.step()
        if not torch.isfinite(loss) or torch.equal(before, next(trainer.q.parameters())):
            raise RuntimeError(f"the loss is {loss.item()}, or the weights did not change")
        millis = timed(trainer)
        median = statistics.median(millis)
        row = {"setting": setting, "images_per_s": round(1000 * args.batch / median, 1), "ms_median": round(median, 3),
               "ms_min": round(min(millis), 3), "ms_max": round(max(millis), 3), "loss": round(trainer.step().item(), 5),
               "peak_mib": torch.cuda.max_memory_allocated() // 2**20 if args.device == "cuda" else None,
               "what": f"torch {torch.__version__} {args.layout} on {torch.cuda.get_device_name() if args.device == 'cuda' else 'cpu'}",
               "problem": f"moco_step n{args.batch} image{args.image} width{args.width} splits{args.splits} queue{args.queue} dim{args.dim}"}
        print(json.dumps(row) if args.json else f"{setting:14} {row['images_per_s']:10} images/s  {row['ms_median']:8} ms"
              f" ({row['ms_min']} .. {row['ms_max']})  loss {row['loss']}", flush=True)
        del trainer
    except Exception as e:  # the other settings are still worth their time
        failed = True
        print(f"{setting}: failed: {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}", file=sys.stderr, flush=True)
sys.exit(1 if failed else 0)
