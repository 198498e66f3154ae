#!/usr/bin/env python3
"""Trains a small re-identification network (han-small) on rendered crops, from nothing.

    train_street.py CROPS --out CHECKPOINT.pt [--pictures N] [--resume] [--seed S] [--threads N]

CROPS is a folder that `clreid-street --crops` filled: PPPPP_cCCCs1_..., a picture a file, person and camera in its name.
The network is that of the paper (Li, Zhu, Gong: Harmonious Attention, IJCV 2020), with the names that the library reads;
`convert_checkpoint.py CHECKPOINT.pt --network han-small --half --out W.safetensors` makes the weight file.

Each batch holds some identities with a few pictures from each of their cameras. The loss is the cross-entropy over the
identities, of each half of the feature by cosines, and the hardest triplets of the batch (Hermans, Beyer, Leibe:
In Defense of the Triplet Loss, 2017). Pictures are moved, zoomed, mirrored, given another colour cast and partly hidden
at random. The rate of learning rises for the first twentieth and falls to zero as a half cosine, over --pictures.
A checkpoint is written every few hundred batches and at the end, and beside it CHECKPOINT.pt.resume, which --resume needs
to go on.

Needs PyTorch (1.13 or later), NumPy and Pillow.
"""
import argparse
import ctypes
import math
import os
import pathlib
import re
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

HEIGHT, WIDTH = 160, 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what the library takes unless a weight file says otherwise
NAME = re.compile(r'(\d+)_c(\d+)s\d+_\d+_\d+\.(?:png|jpg|bmp)$')


# ---- The network ------------------------------------------------------------------------------------------------------

LEVELS = ((128, (24, 28)), (256, (12, 14)), (384, (6, 7)))  # channels, height x width of a region of the level's input
STREAMS, REDUCTION, HALF = 4, 16, 512


class ConvBlock(nn.Module):
    """[b][cin][h][w] -> [b][cout][h / stride][w / stride]: convolution, batch norm, ReLU."""

    def __init__(self, cin, cout, kernel=1, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(cout)
        nn.init.kaiming_normal_(self.conv.weight, mode='fan_out' if groups == 1 else 'fan_in', nonlinearity='relu')

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Unit(nn.Module):
    """A pointwise convolution, then a depthwise 3x3 that has the stride."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.pointwise = ConvBlock(cin, cout)
        self.depthwise = ConvBlock(cout, cout, 3, stride, cout)

    def forward(self, x):
        return self.depthwise(self.pointwise(x))


class Attention(nn.Module):
    """x weighed by a mask of rank one (place x channel), and the centres of the regions, (x, y) from -1 to 1."""

    def __init__(self, channels):
        super().__init__()
        self.spatial1 = ConvBlock(1, 1, 3, 2)
        self.spatial2 = ConvBlock(1, 1)
        self.channel1 = ConvBlock(channels, channels // REDUCTION)
        self.channel2 = ConvBlock(channels // REDUCTION, channels)
        self.blend = ConvBlock(channels, channels)
        self.regions = nn.Linear(channels, 2 * STREAMS)
        # At first the regions lie one below the other and do not depend on the picture.
        nn.init.zeros_(self.regions.weight)
        rows = [(2 * t + 1) / STREAMS - 1 for t in range(STREAMS)]
        self.regions.bias.data = torch.tensor([v for y in rows for v in (0.0, math.atanh(y))])

    def forward(self, x):
        squeezed = x.mean((2, 3), keepdim=True)
        place = F.interpolate(self.spatial1(x.mean(1, keepdim=True)), x.shape[2:], mode='bilinear', align_corners=False)
        mask = torch.sigmoid(self.blend(self.spatial2(place) * self.channel2(self.channel1(squeezed))))
        return x * mask, torch.tanh(self.regions(squeezed.flatten(1))).unflatten(1, (STREAMS, 2))


def crop(x, centre, size):
    """The region of size (h, w) pixels round centre[b][2], bilinear, zero beyond the map."""
    b, _, height, width = x.shape
    h, w = size
    rows = torch.arange(h, dtype=torch.float32) - (h - 1) / 2
    columns = torch.arange(w, dtype=torch.float32) - (w - 1) / 2
    grid = torch.empty(b, h, w, 2)
    grid[..., 0] = columns * (2 / width)
    grid[..., 1] = rows[:, None] * (2 / height)
    return F.grid_sample(x, grid + centre[:, None, None, :], padding_mode='zeros', align_corners=False)


class Head(nn.Sequential):
    def __init__(self, length):
        super().__init__(nn.Linear(length, HALF, bias=False), nn.BatchNorm1d(HALF), nn.ReLU())


class HanSmall(nn.Module):
    """[b][3][160][64] -> the two halves of the feature, global and local, [b][512] each, before their scaling."""

    def __init__(self):
        super().__init__()
        self.stem = ConvBlock(3, 32, 3, 2)
        channels = 32
        for level, (width, _) in enumerate(LEVELS, 1):
            setattr(self, f'global{level}',
                    nn.Sequential(Unit(channels, width, 2), Unit(width, width, 1), Unit(width, width, 1)))
            setattr(self, f'attention{level}', Attention(width))
            setattr(self, f'local{level}', Unit(channels, width, 2))
            channels = width
        self.fc_global = Head(channels)
        self.fc_local = Head(channels * STREAMS)

    def forward(self, x):
        x = self.stem(x)
        streams = None  # [4 * b][channels][h][w], stream after stream
        for level, (_, region) in enumerate(LEVELS, 1):
            attended, centres = getattr(self, f'attention{level}')(getattr(self, f'global{level}')(x))
            parts = torch.cat([crop(x, centres[:, t], region) for t in range(STREAMS)])
            streams = getattr(self, f'local{level}')(parts if streams is None else parts + streams)
            x = attended
        local = torch.cat(streams.mean((2, 3)).chunk(STREAMS), 1)
        return self.fc_global(x.mean((2, 3))), self.fc_local(local)


# ---- The pictures -----------------------------------------------------------------------------------------------------

def read_crops(folder):
    """pixels uint8 [n][160][64][3], identity [n] (0, 1, ...), camera [n]."""
    files = sorted((int(m[1]), int(m[2]), p) for p in pathlib.Path(folder).iterdir() if (m := NAME.match(p.name)))
    if not files:
        sys.exit(f"train_street.py: '{folder}' holds no crops; make some with clreid-street --crops")
    pixels = np.empty((len(files), HEIGHT, WIDTH, 3), np.uint8)
    for i, (_, _, path) in enumerate(files):
        with Image.open(path) as picture:
            pixels[i] = np.asarray(picture.convert('RGB').resize((WIDTH, HEIGHT), Image.BILINEAR))
    _, identity = np.unique([f[0] for f in files], return_inverse=True)
    return pixels, identity, np.array([f[1] for f in files])


class Batches:
    """Batches of `identities` identities and `each` pictures of each, from all its cameras in turn; without end."""

    def __init__(self, identity, camera, identities, each, generator):
        self.identities, self.each, self.random = identities, each, generator
        self.places = {}  # identity -> list of the places of each camera
        for person in range(identity.max() + 1):
            own = np.flatnonzero(identity == person)
            cameras = [own[camera[own] == c] for c in np.unique(camera[own])]
            if len(own) > 1:
                self.places[person] = cameras
        self.order = []

    def next(self):
        chosen = []
        for _ in range(self.identities):
            if not self.order:
                self.order = list(self.random.permutation(list(self.places)))
            cameras = self.places[self.order.pop()]
            first = self.random.integers(len(cameras))
            for c in range(len(cameras)):
                own = cameras[(first + c) % len(cameras)]
                wanted = (self.each + c) // len(cameras)  # together: each
                chosen.extend(self.random.choice(own, wanted, replace=wanted > len(own)))
        return np.array(chosen)


def uniform(generator, shape, low, high):
    return low + (high - low) * torch.from_numpy(generator.random(shape, np.float32))


def augment(pixels, generator):
    """uint8 [b][160][64][3] -> float [b][3][160][64], normalised: another cut, cast and light, and a part hidden."""
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    b = len(x)
    # The camera: contrast, a cast (gain of each channel), a curve.
    x = x.clamp(1e-3, 1) ** torch.exp(uniform(generator, (b, 1, 1, 1), -0.35, 0.35))
    x = x * torch.exp(uniform(generator, (b, 3, 1, 1), -0.22, 0.22) + uniform(generator, (b, 1, 1, 1), -0.3, 0.3))
    x = (x - 0.45) * uniform(generator, (b, 1, 1, 1), 0.75, 1.25) + 0.45
    x = x.clamp(0, 1)
    x = (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    # The box: another size and place; left and right exchanged.
    theta = torch.zeros(b, 2, 3)
    mirror = torch.sign(uniform(generator, (b,), -1, 1))
    theta[:, 0, 0] = uniform(generator, (b,), 0.84, 1.08) * mirror
    theta[:, 1, 1] = uniform(generator, (b,), 0.88, 1.06)
    theta[:, 0, 2] = uniform(generator, (b,), -0.12, 0.12)
    theta[:, 1, 2] = uniform(generator, (b,), -0.07, 0.07)
    x = F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), padding_mode='border', align_corners=False)
    # Something before it.
    for i in np.flatnonzero(generator.random(b) < 0.4):
        h, w = generator.integers(16, 72), generator.integers(8, 40)
        top, left = generator.integers(-h // 2, HEIGHT - h // 2), generator.integers(-w // 2, WIDTH - w // 2)
        colour = torch.from_numpy(generator.normal(0, 0.8, (3, 1, 1)).astype(np.float32))
        x[i, :, max(top, 0):top + h, max(left, 0):left + w] = colour
    return x


# ---- The loss ---------------------------------------------------------------------------------------------------------

class Cosines(nn.Module):
    """Logits of the identities: scaled cosines of a feature with a vector for each; its own identity's less a margin."""

    def __init__(self, identities, scale=18.0, margin=0.15):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(identities, HALF) * 0.05)
        self.scale, self.margin = scale, margin

    def forward(self, feature, identity):
        cosine = F.normalize(feature) @ F.normalize(self.weight).T
        return self.scale * (cosine - self.margin * F.one_hot(identity, cosine.shape[1]))


def hardest_triplets(feature, identity):
    """log(1 + exp(farthest of the same - nearest of another)), by cosine distance, scaled."""
    unit = F.normalize(feature)
    distance = 10 * (1 - unit @ unit.T)
    same = identity[:, None] == identity[None]
    return F.softplus(distance.masked_fill(~same, 0).amax(1) - distance.masked_fill(same, 1e4).amin(1)).mean()


# ---- Training ---------------------------------------------------------------------------------------------------------

def keep_memory():
    """glibc gives large blocks back to the system and takes them anew, page by page: a seventh of the time of a batch."""
    if sys.platform == 'linux':
        mmap_max, trim_threshold = -4, -1  # of malloc.h
        ctypes.CDLL(None).mallopt(mmap_max, 0)
        ctypes.CDLL(None).mallopt(trim_threshold, 2**31 - 1)


def rate(done, total, most):
    return most * min(1.0, done / (0.05 * total)) * 0.5 * (1 + math.cos(math.pi * min(1.0, done / total)))


def save(path, state):
    aside = path.with_name(path.name + '.part')
    torch.save(state, aside)
    os.replace(aside, path)


def train(a):
    keep_memory()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    generator = np.random.default_rng(a.seed)
    pixels, identity, camera = read_crops(a.crops)
    count = int(identity.max()) + 1
    print(f'{len(pixels)} crops of {count} identities from {len(np.unique(camera))} cameras, seed {a.seed}', flush=True)
    net, heads = HanSmall().to(memory_format=torch.channels_last), nn.ModuleList([Cosines(count), Cosines(count)])
    decayed = [p for p in [*net.parameters(), *heads.parameters()] if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{'params': decayed, 'weight_decay': 0.02}, {'params': others, 'weight_decay': 0.0}])
    done = 0
    rest = a.out.with_name(a.out.name + '.resume')
    if a.resume and a.out.exists():
        net.load_state_dict(torch.load(a.out)['state_dict'])
        kept = torch.load(rest)
        heads.load_state_dict(kept['heads'])
        optimizer.load_state_dict(kept['optimizer'])
        done = kept['pictures']
        generator = np.random.default_rng([a.seed, done])
        print(f'goes on after {done} pictures', flush=True)
    batches = Batches(identity, camera, a.identities, a.each, generator)
    began, shown = time.monotonic(), done
    net.train()
    step, losses, hits = 0, [], []

    def keep():
        save(rest, {'heads': heads.state_dict(), 'optimizer': optimizer.state_dict(), 'pictures': done})
        save(a.out, {'state_dict': net.state_dict()})

    while done < a.pictures:
        places = batches.next()
        who = torch.from_numpy(identity[places])
        x = augment(pixels[places], generator).contiguous(memory_format=torch.channels_last)
        halves = net(x)
        logits = [head(h, who) for head, h in zip(heads, halves)]
        loss = sum(F.cross_entropy(l, who, label_smoothing=0.05) for l in logits)
        loss = loss + hardest_triplets(torch.cat([F.normalize(h) for h in halves], 1), who)
        for group in optimizer.param_groups:
            group['lr'] = rate(done + len(places), a.pictures, a.rate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        done += len(places)
        step += 1
        losses.append(loss.item())
        hits.append((logits[0].argmax(1) == who).float().mean().item())
        if step % 50 == 0 or done >= a.pictures:
            print(f'{done:7d} pictures, loss {np.mean(losses):.3f}, right {np.mean(hits):.3f}, '
                  f'{(done - shown) / (time.monotonic() - began):.0f} pictures a second', flush=True)
            losses, hits, shown, began = [], [], done, time.monotonic()
        if step % 400 == 0:
            keep()
    keep()
    print(f'{a.out}: trained on {done} pictures')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('crops', type=pathlib.Path)
    p.add_argument('--out', type=pathlib.Path, required=True, metavar='CHECKPOINT.pt')
    p.add_argument('--pictures', type=int, default=360_000, help='to be seen in all (%(default)s)')
    p.add_argument('--identities', type=int, default=24, help='of a batch (%(default)s)')
    p.add_argument('--each', type=int, default=4, help='pictures of each (%(default)s)')
    p.add_argument('--rate', type=float, default=2e-3, help='of learning, at its highest (%(default)s)')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--resume', action='store_true')
    train(p.parse_args())


if __name__ == '__main__':
    main()
