#!/usr/bin/python3
"""InfoNCE forward and backward in PyTorch on the CPU, timed: the peer of `jmoco bench kernels "info_nce n128 m65536 d128"`.

As frameworks do it, with stored logits: [q.k+, q.queue] / T, cross-entropy with label 0, and its gradient with respect to q. f32;
malloc keeps freed memory and asks for huge pages, see glibc_malloc.py. Which seconds count: forward and backward, from queries,
keys and queue in memory to loss and gradient.

    /usr/bin/python3 benchmarks/peers/info_nce_torch.py --m 65536 --json
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import glibc_malloc

p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
p.add_argument("--n", type=int, default=128, help="queries")
p.add_argument("--m", type=int, default=65536, help="length of the queue")
p.add_argument("--d", type=int, default=128, help="length of a query")
p.add_argument("--rows", action="store_true", help="keep the queue as M x D; without, as D x M, like the published code")
p.add_argument("--runs", type=int, default=7, help="timed runs; the median counts")
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of PyTorch")
p.add_argument("--malloc", choices=["huge", "default"], default="huge", help="setting of glibc's malloc")
p.add_argument("--json", action="store_true", help="print one JSON object only")
args = p.parse_args()
if args.malloc == "huge":
    glibc_malloc.use_huge_pages()
try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(f"info_nce_torch: {sys.executable} has no PyTorch (apt install python3-torch)")

torch.set_num_threads(args.threads)
torch.manual_seed(1)
q = F.normalize(torch.randn(args.n, args.d), dim=1).requires_grad_()
k = F.normalize(torch.randn(args.n, args.d), dim=1)
queue = F.normalize(torch.randn(args.m, args.d), dim=1)
queue = queue.t() if args.rows else queue.t().contiguous()
target = torch.zeros(args.n, dtype=torch.long)


def run():
    q.grad = None
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], 1) / 0.1
    loss = F.cross_entropy(logits, target)
    loss.backward()
    return loss


for _ in range(3):
    loss = run()
if not torch.isfinite(loss) or not q.grad.abs().sum() > 0:
    sys.exit(f"info_nce_torch: the loss is {loss.item()}, the gradient {q.grad.abs().sum().item()}")
seconds = []
for _ in range(args.runs):
    begin = time.perf_counter()
    run()
    seconds.append(time.perf_counter() - begin)
median = statistics.median(seconds)
result = {
    "problem": f"info_nce n{args.n} m{args.m} d{args.d}",
    "what": f"torch {torch.__version__} queue {'M x D' if args.rows else 'D x M'} malloc={args.malloc}",
    "ms_median": 1000 * median,
    "images_per_s": args.n / median,
    "peak_resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-3,
}
print(json.dumps(result) if args.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
