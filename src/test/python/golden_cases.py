#!/usr/bin/python3
r"""Makes golden files, as their README describes them, of cases that no given file has: what `jmoco golden` is tried on.

Written from the description alone; PyTorch (Debian 12: python3-torch 1.13) computes, no code of jmoco does. No build needs it.

    golden_cases.py moco --splits 4 --symmetric --out DIR        DIR/moco_splits4_sym.json
    golden_cases.py finetune --splits 1 --dim 3 --out DIR        DIR/finetune_splits1_dim3.json
    golden_cases.py knn --set k=7 --out DIR                      DIR/knn_k7.json
    golden_cases.py views --seed 5 --out DIR                     DIR/views_seed5.json     (needs python3-torchvision)
    golden_cases.py deviation A.json B.json                      how far two files are from each other, record by record

--set KEY=VALUE changes one entry of `config` and adds itself to the file's name. --only float32 computes that record alone and
keeps the other one of an existing file. src/test/resources/org/jmoco/app/golden has three small cases made by this:

    moco --splits 4 --symmetric --shuffle 5 --dim 32 --set width=8 --set size=16 --set K=40 --set T=0.2 --set m=0.9
    finetune --splits 2 --dim 3 --set width=8 --set size=20 --set batch=6 --set weight_decay=0.01 --set lr=0.001 \
        --set betas=[0.8,0.99] --set eps=1e-6 --set labels=[0,1,2,2,1,0]
    views --seed 3 --sizes 13x9,7x12

Double precision is slow on Debian's plain BLAS; with libopenblas0-pthread on LD_LIBRARY_PATH a MoCo case of
three steps takes a minute on one core. The float32 record is computed with the plain one, as in the given files.
"""
import argparse
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SEEDS = {"param": 7311000000000, "im_q": 7312000000000, "im_k": 7313000000000, "queue": 7314000000000, "check": 7315000000000,
         "im_eval": 7316000000000, "ft": 7317000000000, "knn_label": 7318000000000, "knn_centre": 7319000000000,
         "knn_bank": 7320000000000, "knn_query": 7321000000000}
MOCO = {"batch": 16, "size": 32, "dim": 128, "K": 64, "m": 0.99, "T": 0.1, "lr": 0.03, "weight_decay": 5e-4, "momentum": 0.9,
        "bn_splits": 8, "symmetric": False, "steps": 3}
FINETUNE = {"batch": 8, "size": 64, "dim": 2, "bn_splits": 8, "lr": 1e-4, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0,
            "steps": 3}
KNN = {"bank": 200, "dim": 128, "classes": 10, "k": 20, "t": 0.1, "queries": 32}


def bits(seed, start, n):
    """64 bits of splitmix64's output function for indices start .. start+n-1."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(start, start + n, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def u(stream, start, *shape):
    """float64 in [-1, 1), row-major."""
    n = math.prod(shape)
    return ((bits(SEEDS[stream], start, n) >> np.uint64(40)).astype(np.float64) / 2**24 * 2 - 1).reshape(shape)


def split_batch_norm(splits):
    class SplitBatchNorm(nn.BatchNorm2d):
        """Image n is in group n mod splits; each has its own statistics and copy of the running ones, which are averaged."""

        def forward(self, x):
            if splits == 1 or not self.training:
                return super().forward(x)
            n, c, h, w = x.shape
            mean, var = self.running_mean.repeat(splits), self.running_var.repeat(splits)
            y = F.batch_norm(x.reshape(n // splits, c * splits, h, w), mean, var, self.weight.repeat(splits),
                             self.bias.repeat(splits), True, self.momentum, self.eps)
            self.running_mean.copy_(mean.reshape(splits, c).mean(0))
            self.running_var.copy_(var.reshape(splits, c).mean(0))
            return y.reshape(n, c, h, w)

    return SplitBatchNorm


class Block(nn.Module):
    """torchvision's BasicBlock."""

    def __init__(self, norm, into, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn1 = norm(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = norm(out)
        self.downsample = None
        if stride != 1 or into != out:
            self.downsample = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), norm(out))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def encoder(config, dtype):
    """The filled network: 0 conv, 1 bn, 2 relu, 3-6 layers, 7 pool, 8 flatten, 9 linear under the name `net`."""
    norm = split_batch_norm(config["bn_splits"])
    width = config.get("width", 64)
    layers = []
    for i in range(4):
        into, out = width << max(i - 1, 0), width << i
        layers.append(nn.Sequential(Block(norm, into, out, 1 if i == 0 else 2), Block(norm, out, out, 1)))
    net = nn.Sequential(nn.Conv2d(3, width, 3, 1, 1, bias=False), norm(width), nn.ReLU(), *layers, nn.AdaptiveAvgPool2d(1),
                        nn.Flatten(), nn.Linear(8 * width, config["dim"])).double()
    start = 0
    with torch.no_grad():
        for name, p in net.named_parameters():
            x = torch.from_numpy(u("param", start, *p.shape))
            start += p.numel()
            if p.dim() > 1:
                x = x * math.sqrt(2 / (p.numel() // p.shape[0]))
            elif name.endswith("weight"):
                x = 1 + 0.1 * x
            else:
                x = 0.1 * x
            p.copy_(x)
    return net.to(dtype)


def images(stream, start, n, size, dtype):
    return torch.from_numpy(u(stream, start, n, 3, size, size)).to(dtype)


def record(tensor):
    t = tensor.detach().double().flatten()
    return {"norm": t.norm().item(), "first4": t[:4].tolist()}


def gradients(net):
    return {"net." + name: record(p.grad) for name, p in net.named_parameters()}


def parameters(net):
    return {"net." + name: record(p) for name, p in net.named_parameters()}


def buffers(net):
    return {"net." + name: b.item() if b.dim() == 0 else record(b) for name, b in net.named_buffers()}


def first8(x):
    return x.detach().double()[..., :8].tolist()


def moco(c, dtype):
    """One run of a MoCo case."""
    query, key = encoder(c, dtype), encoder(c, dtype)
    for p in key.parameters():
        p.requires_grad_(False)
    queue = torch.from_numpy(u("queue", 0, c["dim"], c["K"]))
    queue = (queue / queue.norm(dim=0, keepdim=True)).to(dtype)
    sgd = torch.optim.SGD(query.parameters(), c["lr"], momentum=c["momentum"], weight_decay=c["weight_decay"])
    order = torch.tensor(c["shuffle"])
    pointer = 0
    out = {"steps": []}

    def half(x, y):
        """Logits and loss of queries from x, and the keys from y."""
        q = F.normalize(query(x), dim=1)
        with torch.no_grad():
            k = F.normalize(key(y[order]), dim=1)[order.argsort()]
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], 1) / c["T"]
        return logits, F.cross_entropy(logits, torch.zeros(len(x), dtype=torch.long)), k

    for s in range(c["steps"]):
        start = s * c["batch"] * 3 * c["size"] ** 2
        im_q, im_k = (images(stream, start, c["batch"], c["size"], dtype) for stream in ("im_q", "im_k"))
        with torch.no_grad():
            for k, q in zip(key.parameters(), query.parameters()):
                k.copy_(k * c["m"] + q * (1 - c["m"]))
        logits, loss, keys = half(im_q, im_k)
        step = {"loss": 0, "logits_row0_first8": first8(logits[0])}
        if c["symmetric"]:
            logits21, loss21, keys21 = half(im_k, im_q)
            step |= {"loss_12": loss.item(), "loss_21": loss21.item(), "logits_21_row0_first8": first8(logits21[0])}
            loss = loss + loss21
            keys = torch.cat([keys21, keys])
        step["loss"] = loss.item()
        sgd.zero_grad()
        loss.backward()
        if s < 2:
            out[f"grad_step{s + 1}"] = gradients(query)
        sgd.step()
        queue[:, (torch.arange(len(keys)) + pointer) % c["K"]] = keys.t()
        pointer = (pointer + len(keys)) % c["K"]
        step |= {"queue_ptr": pointer, "queue_fro_norm": queue.double().norm().item()}
        out["steps"].append(step)
    out |= {"param_q_after": parameters(query), "param_k_after": parameters(key), "buffers_q_after": buffers(query),
            "buffers_k_after": buffers(key)}
    columns = queue.double()
    out["queue_after"] = {"ptr": pointer, "column_norm_min": columns.norm(dim=0).min().item(),
                          "column_norm_max": columns.norm(dim=0).max().item(), "column0_first8": columns[:8, 0].tolist(),
                          f"column{c['K'] - 1}_first8": columns[:8, -1].tolist(),
                          "checksum": (columns * torch.from_numpy(u("check", 0, c["dim"], c["K"]))).sum().item()}
    query.eval()
    with torch.no_grad():
        out["eval_features_first8"] = first8(F.normalize(query(images("im_eval", 0, 4, c["size"], dtype)), dim=1))
    out["config"] = c | {"parameters": sum(p.numel() for p in query.parameters())}
    return out


def finetune(c, dtype):
    """One run of a fine-tune case."""
    net = encoder(c, dtype)
    adam = torch.optim.Adam(net.parameters(), c["lr"], betas=tuple(c["betas"]), eps=c["eps"], weight_decay=c["weight_decay"])
    out = {"steps": []}
    for s in range(c["steps"]):
        logits = net(images("ft", s * c["batch"] * 3 * c["size"] ** 2, c["batch"], c["size"], dtype))
        loss = F.cross_entropy(logits, torch.tensor(c["labels"]))
        adam.zero_grad()
        loss.backward()
        if s == 0:
            out["grad_step1"] = gradients(net)
        adam.step()
        out["steps"].append({"loss": loss.item(), "logits_row0_first8": first8(logits[0])})
    out |= {"param_after": parameters(net), "buffers_after": buffers(net)}
    net.eval()
    with torch.no_grad():
        logits = net(images("ft", 0, 4, c["size"], dtype))
    out |= {"eval_logits_first8": first8(logits), "eval_prob_class1": logits.softmax(1)[:, 1].tolist(), "config": c}
    return out


def knn(c):
    def points(stream, rows, labels):
        x = u(stream, 0, rows, c["dim"]) + 0.25 * centre[labels]
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    labels = np.floor((u("knn_label", 0, c["bank"]) + 1) / 2 * c["classes"]).astype(int)
    asked = np.arange(c["queries"]) % c["classes"]
    centre = u("knn_centre", 0, c["classes"], c["dim"])
    similarity = points("knn_query", c["queries"], asked) @ points("knn_bank", c["bank"], labels).T
    order = np.argsort(-similarity, axis=1, kind="stable")
    scores = np.zeros((c["queries"], c["classes"]))
    for j in range(c["queries"]):
        for i in order[j, :c["k"]]:
            scores[j, labels[i]] += math.exp(similarity[j, i] / c["t"])
    best = -np.sort(-scores, axis=1)
    sorted_ = -np.sort(-similarity, axis=1)
    gap = sorted_[:, c["k"] - 1] - sorted_[:, c["k"]] if c["k"] < c["bank"] else np.array([math.inf])
    predicted = scores.argmax(1)
    return {"config": c, "bank_labels": labels.tolist(), "query_labels": asked.tolist(), "predicted": predicted.tolist(),
            "scores": scores.tolist(), "neighbours_first": order[:, :min(5, c["k"])].tolist(),
            "top1_accuracy": float((predicted == asked).mean()),
            "smallest_relative_margin": float(((best[:, 0] - best[:, 1]) / best[:, 0]).min()),
            "smallest_kth_gap": float(gap.min())}


def views(seed, sizes):
    """Every operation on sources of these heights and widths, the first of them grey, with parameters drawn from `seed`."""
    import PIL
    import torchvision
    import torchvision.transforms.functional as V

    draw = np.random.RandomState(seed)
    sources = [{"seed": 12000 + 10 * seed + i, "height": h, "width": w, "grey": i == 0} for i, (h, w) in enumerate(sizes)]
    adjust = {"brightness": V.adjust_brightness, "contrast": V.adjust_contrast, "saturation": V.adjust_saturation,
              "hue": V.adjust_hue}

    def picture(s):
        h, w = s["height"], s["width"]
        noise = (bits(s["seed"], 0, h * w * 3) >> np.uint64(58)).astype(np.int64).reshape(h, w, 3)
        y, x, c = np.ogrid[:h, :w, :3]
        if s["grey"]:
            noise, c = noise[:, :, :1], c * 0
        return PIL.Image.fromarray(((7 * x + 5 * y + 31 * c + noise) % 256).astype(np.uint8))

    def box(s):
        h, w = draw.randint(1, s["height"] + 1), draw.randint(1, s["width"] + 1)
        return {"top": int(draw.randint(s["height"] - h + 1)), "left": int(draw.randint(s["width"] - w + 1)), "height": int(h),
                "width": int(w), "size": length()}

    def length():
        return int(draw.randint(5, limit))

    def factor(op):
        low, high = (-0.5, 0.5) if op == "hue" else (0, 2)
        return round(draw.uniform(low, high), 4)

    def blur(image, sigma):
        return image.filter(PIL.ImageFilter.GaussianBlur(radius=sigma))

    cases = []
    for n, s in enumerate(sources):
        image = picture(s)
        limit = min(50, 2 * max(image.size))

        def case(op, p, result):
            cases.append({"op": op, "params": p, "src": n, "height": result.height, "width": result.width,
                          "pixels": np.asarray(result).flatten().tolist()})

        for _ in range(3):
            b = box(s)
            case("resized_crop", b, V.resized_crop(image, b["top"], b["left"], b["height"], b["width"], [b["size"]] * 2))
        size = length()
        case("resize_shorter_side", {"size": size}, V.resize(image, size))
        p = {"height": length(), "width": length()}
        case("resize_exact", p, V.resize(image, [p["height"], p["width"]]))
        p = {"height": size, "width": size}
        case("resize_exact", p, V.resize(image, [size, size]))
        if image.height * image.width < 3000:  # as many numbers are written as the image has
            case("hflip", {}, V.hflip(image))
            for op, f in adjust.items():
                for _ in range(2):
                    p = {"factor": factor(op)}
                    case(op, p, f(image, p["factor"]))
            case("grayscale", {}, V.to_grayscale(image, 3))
            p = {"sigma": round(draw.uniform(0.1, 2), 4)}
            case("gaussian_blur_pil", p, blur(image, p["sigma"]))
        for _ in range(2):
            p = box(s) | {"flip": bool(draw.randint(2)), "order": [str(op) for op in draw.permutation(list(adjust))]}
            p |= {op: factor(op) for op in adjust}
            x = V.resized_crop(image, p["top"], p["left"], p["height"], p["width"], [p["size"]] * 2)
            x = V.hflip(x) if p["flip"] else x
            for op in p["order"]:
                x = adjust[op](x, p[op])
            case("chain", p, x)
    return {"made_with": {"torchvision": torchvision.__version__, "pillow": PIL.__version__}, "sources": sources, "cases": cases}


def numbers(x, at=""):
    """Every number below x with its path."""
    if isinstance(x, dict):
        for k, v in x.items():
            yield from numbers(v, f"{at}/{k}")
    elif isinstance(x, list):
        for i, v in enumerate(x):
            yield from numbers(v, f"{at}/{i}")
    elif isinstance(x, (int, float)):
        yield at, float(x)


def deviation(a, b):
    """Largest absolute difference of each entry of the records, or of the file where it has no records."""
    worst = {}
    theirs = dict(numbers(b))
    ours = dict(numbers(a))
    for at in sorted(set(ours) ^ set(theirs)):
        print("only in one:", at)
    for at, v in ours.items():
        key = "/".join(at.split("/")[:3 if "float64" in a else 2])
        worst[key] = max(worst.get(key, 0), abs(v - theirs.get(at, math.inf)))
    for key, v in worst.items():
        print(f"{v:9.2e}  {key}")


def write(path, case):
    with open(path, "w") as f:
        json.dump(case, f)
    print(path)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("kind", choices=["moco", "finetune", "knn", "views", "deviation"])
    p.add_argument("files", nargs="*", help="two of them, of deviation")
    p.add_argument("--out", default=".", metavar="DIR", help="where the file is written (default: .)")
    p.add_argument("--splits", type=int, default=8, help="groups of batch norm (default: %(default)s)")
    p.add_argument("--symmetric", action="store_true", help="MoCo: both directions of the loss")
    p.add_argument("--dim", type=int, help="outputs (default: 128, fine-tune 2)")
    p.add_argument("--shuffle", type=int, metavar="SEED", help="MoCo: a random permutation instead of the identity")
    p.add_argument("--seed", type=int, default=1, help="of the parameters of views (default: %(default)s)")
    p.add_argument("--sizes", default="32x32,45x37,28x83,150x120,96x131", metavar="HxW,...",
                   help="views: of the sources (default: %(default)s)")
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another entry of config; VALUE is JSON")
    p.add_argument("--only", choices=["float64", "float32"], help="compute this record alone, keep the other one of the file")
    p.add_argument("--no-onednn", action="store_true", help="PyTorch's own convolutions: other roundings of float32")
    p.add_argument("--threads", type=int, default=1, help="of PyTorch (default: %(default)s)")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.backends.mkldnn.enabled = not a.no_onednn
    changes = {k: json.loads(v) for k, v in (s.split("=", 1) for s in a.set)}
    suffix = "".join(f"_{k}{v}" for k, v in changes.items() if not isinstance(v, list))
    if a.kind == "deviation":
        deviation(*(json.load(open(f)) for f in a.files))
    elif a.kind == "knn":
        write(os.path.join(a.out, f"knn{suffix}.json"), knn(KNN | changes))
    elif a.kind == "views":
        sizes = [[int(x) for x in size.split("x")] for size in a.sizes.split(",")]
        write(os.path.join(a.out, f"views_seed{a.seed}.json"), views(a.seed, sizes))
    else:
        if a.kind == "moco":
            c = MOCO | {"bn_splits": a.splits, "symmetric": a.symmetric, "dim": a.dim or 128} | changes
            c["shuffle"] = list(range(c["batch"]))
            if a.shuffle is not None:
                c["shuffle"] = np.random.RandomState(a.shuffle).permutation(c["batch"]).tolist()
                suffix += f"_shuffle{a.shuffle}"
            name = f"moco_splits{a.splits}_{'sym' if a.symmetric else 'asym'}{suffix}.json"
        else:
            c = FINETUNE | {"bn_splits": a.splits, "dim": a.dim or 2} | changes
            c.setdefault("labels", [i % 2 for i in range(c["batch"])])
            name = f"finetune_splits{a.splits}_dim{c['dim']}{suffix}.json"
        path = os.path.join(a.out, name)
        case = json.load(open(path)) if a.only and os.path.exists(path) else {}
        for dtype in [a.only] if a.only else ["float64", "float32"]:
            case[dtype] = (moco if a.kind == "moco" else finetune)(c, getattr(torch, dtype))
        write(path, {k: case[k] for k in ("float64", "float32") if k in case})


if __name__ == "__main__":
    main()
