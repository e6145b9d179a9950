#!/usr/bin/env python3
"""InfoNCE forward and backward in PyTorch on a GPU, timed: the peer of `jmoco bench kernels "info_nce n512 m65536 d128"`.

Queries and keys are unit rows; the loss is the mean cross-entropy of [q.k+, q.queue] / T with label 0, and its gradient with respect to
q is calculated. Timed by events over several runs; the queue is exchanged from run to run, so that no cache holds it by luck. Which
seconds count: forward and backward, from queries, keys and queue in the device's memory to loss and gradient.

    python3 benchmarks/peers/info_nce_torch_gpu.py --save FILE.tsv
"""
import argparse
import datetime
import statistics
import sys
import time

p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
p.add_argument("--n", type=int, default=512, help="queries")
p.add_argument("--m", type=int, default=65536, help="length of the queue")
p.add_argument("--d", type=int, default=128, help="length of a query")
p.add_argument("--runs", type=int, default=20, help="runs in one timing")
p.add_argument("--repeats", type=int, default=11, help="timings; the median counts")
p.add_argument("--device", default="cuda", help="cpu tries the script itself; its times mean nothing")
p.add_argument("--save", help="also write the rows here, tab-separated")
args = p.parse_args()
try:
    import torch
except ImportError:
    sys.exit(f"info_nce_torch_gpu: {sys.executable} has no PyTorch")
import torch.nn.functional as F

cuda = args.device == "cuda"
if cuda and not torch.cuda.is_available():
    sys.exit("info_nce_torch_gpu: PyTorch sees no GPU")


def loss_of(q, k, queue, target, bf16):
    with torch.autocast(args.device, torch.bfloat16, enabled=bf16):
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], 1).float() / 0.1
        return F.cross_entropy(logits, target)


def measure(mode, precision):
    torch.backends.cuda.matmul.allow_tf32 = precision != "f32"
    torch.manual_seed(1)
    q = F.normalize(torch.randn(args.n, args.d, device=args.device), dim=1).requires_grad_()
    k = F.normalize(torch.randn(args.n, args.d, device=args.device), dim=1)
    queues = [F.normalize(torch.randn(args.d, args.m, device=args.device), dim=0) for _ in range(4)]
    target = torch.zeros(args.n, dtype=torch.long, device=args.device)
    f = torch.compile(loss_of, mode="max-autotune-no-cudagraphs") if mode == "compile" else loss_of

    def run(i):
        q.grad = None
        loss = f(q, k, queues[i % 4], target, precision == "bf16")
        loss.backward()
        return loss

    for i in range(10):
        loss = run(i)
    if not torch.isfinite(loss) or not q.grad.abs().sum() > 0:
        raise RuntimeError(f"the loss is {loss.item()}, the gradient {q.grad.abs().sum().item()}")
    millis = []
    for _ in range(args.repeats):
        if cuda:
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
        begin = time.perf_counter()
        for i in range(args.runs):
            run(i)
        if cuda:
            end.record()
            end.synchronize()
        millis.append((start.elapsed_time(end) if cuda else 1000 * (time.perf_counter() - begin)) / args.runs)
    return sorted(millis), loss.item()


device = torch.cuda.get_device_name() if cuda else "cpu"
rows, failed = [["problem", "setting", "ms_median", "ms_min", "ms_max", "loss"]], False
for setting in ["eager-f32", "eager-tf32", "eager-bf16", "compile-bf16", "compile-tf32"]:
    try:
        millis, loss = measure(*setting.split("-"))
        rows.append([f"info_nce n{args.n} m{args.m} d{args.d}", setting, f"{statistics.median(millis):.4f}", f"{millis[0]:.4f}", f"{millis[-1]:.4f}", f"{loss:.5f}"])
        print("\t".join(rows[-1]), flush=True)
    except Exception as e:  # the other settings are still worth their time
        failed = True
        print(f"{setting}: failed: {type(e).__name__}: {' '.join(str(e).split())[:300]}", file=sys.stderr, flush=True)
if args.save and len(rows) > 1:
    with open(args.save, "w") as f:
        f.write(f"# benchmark: InfoNCE in PyTorch\n# command: {' '.join(sys.argv)}\n# date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}\n"
                f"# commit: unknown\n# device: torch {torch.__version__} on {device}\n")
        f.writelines("\t".join(r) + "\n" for r in rows)
sys.exit(1 if failed else 0)
