#!/usr/bin/env python3
"""Trains a small re-identification network (han-small) on rendered crops, from nothing.

    train_street.py CROPS --out CHECKPOINT.pt [--pictures N] [--resume] [--seed S] [--threads N]

CROPS is a folder that `clreid-street --crops` filled: PPPPP_cCCCs1_..., a picture a file, person and camera in its name.
The network is that of the paper (Li, Zhu, Gong: Harmonious Attention, IJCV 2020), with the names that the library reads;
`convert_checkpoint.py CHECKPOINT.pt --network han-small --half --out W.safetensors` makes the weight file.

Each batch holds some streets, of each some identities, and of each two pictures from each of its cameras. The loss is the
supervised contrastive one (Khosla et al., 2020) of the feature and of each of its halves, and how far HAN's regions reach
beyond their maps. Pictures are moved, zoomed, mirrored, given another colour cast and partly hidden at random. The rate of learning rises for the first fiftieth and falls
to zero as a half cosine, over --pictures. The first share of the pictures (--small) is seen in half the size, which takes
less than half of the time.
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


def outside(centres, region, map_size):
    """How far the regions reach beyond the map, in halves of its height and width, summed over them; mean of the batch."""
    limit = torch.tensor([1 - inner / outer for inner, outer in zip(region[::-1], map_size[::-1])])
    return F.relu(centres.abs() - limit).sum((1, 2)).mean()


class HanSmall(nn.Module):
    """[b][3][160][64] -> the two halves of the feature, global and local, [b][512] each, before their scaling; and how far
    regions lie outside. Pictures of half the size are taken too, for training: the regions are half as large then."""

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
        rows = x.shape[2]
        x = self.stem(x)
        streams, beyond = None, 0.0  # [4 * b][channels][h][w], stream after stream
        shrink = HEIGHT // rows
        for level, (_, region) in enumerate(LEVELS, 1):
            attended, centres = getattr(self, f'attention{level}')(getattr(self, f'global{level}')(x))
            region = [-(-side // shrink) for side in region]
            beyond = beyond + outside(centres, region, x.shape[2:])
            parts = torch.cat([crop(x, centres[:, t], region) for t in range(STREAMS)])
            streams = getattr(self, f'local{level}')(parts if streams is None else parts + streams)
            x = attended
        local = torch.cat(streams.mean((2, 3)).chunk(STREAMS), 1)
        return self.fc_global(x.mean((2, 3))), self.fc_local(local), beyond


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
    """Batches of some streets, of each some identities, of each identity two pictures of each camera; without end. That
    they share cameras and backgrounds leaves nothing to tell them apart by but themselves."""

    def __init__(self, identity, camera, streets, identities, generator):
        self.streets, self.identities, self.random = streets, identities, generator
        self.places = {}  # street (its first camera) -> identity -> the places of each camera
        for person in range(identity.max() + 1):
            own = np.flatnonzero(identity == person)
            cameras = np.unique(camera[own])
            if len(cameras) > 1:
                self.places.setdefault(cameras[0], {})[person] = [own[camera[own] == c] for c in cameras]
        if len(self.places) < streets:
            sys.exit(f'train_street.py: crops of {len(self.places)} streets, a batch takes {streets}: render more (clreid-street '
                     '--streets), or give a smaller --streets')
        self.order = {street: [] for street in self.places}

    def next(self):
        chosen = []
        for street in self.random.choice(list(self.places), self.streets, replace=False):
            order = self.order[street]
            for _ in range(self.identities):
                if not order:
                    order.extend(self.random.permutation(list(self.places[street])))
                for own in self.places[street][order.pop()]:
                    chosen.extend(self.random.choice(own, 2, replace=len(own) < 2))
        return np.array(chosen)


def uniform(generator, shape, low, high):
    return low + (high - low) * torch.from_numpy(generator.random(shape, np.float32))


def augment(pixels, generator):
    """uint8 [b][160][64][3] -> float [b][3][160][64], normalised: another cut, cast and light, and a part hidden."""
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    b = len(x)
    # The camera: contrast, a cast (gain of each channel), a curve.
    x = x.clamp(1e-3, 1) ** torch.exp(uniform(generator, (b, 1, 1, 1), -0.2, 0.2))
    x = x * torch.exp(uniform(generator, (b, 3, 1, 1), -0.12, 0.12) + uniform(generator, (b, 1, 1, 1), -0.15, 0.15))
    x = (x - 0.45) * uniform(generator, (b, 1, 1, 1), 0.85, 1.15) + 0.45
    x = x.clamp(0, 1)
    x = (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    # The box: another size and place; left and right exchanged.
    theta = torch.zeros(b, 2, 3)
    mirror = torch.sign(uniform(generator, (b,), -1, 1))
    theta[:, 0, 0] = uniform(generator, (b,), 0.9, 1.06) * mirror
    theta[:, 1, 1] = uniform(generator, (b,), 0.92, 1.05)
    theta[:, 0, 2] = uniform(generator, (b,), -0.08, 0.08)
    theta[:, 1, 2] = uniform(generator, (b,), -0.05, 0.05)
    x = F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), padding_mode='border', align_corners=False)
    # Something before it.
    for i in np.flatnonzero(generator.random(b) < 0.25):
        h, w = generator.integers(16, 72), generator.integers(8, 40)
        top, left = generator.integers(-h // 2, HEIGHT - h // 2), generator.integers(-w // 2, WIDTH - w // 2)
        colour = torch.from_numpy(generator.normal(0, 0.8, (3, 1, 1)).astype(np.float32))
        x[i, :, max(top, 0):top + h, max(left, 0):left + w] = colour
    return x


# ---- The loss ---------------------------------------------------------------------------------------------------------

def contrast(feature, identity, scale=16.0):
    """Of each picture against all others of the batch: -log of the share that its own identity has of exp(scale * cosine);
    and the share of pictures whose nearest other one is of their identity."""
    unit = F.normalize(feature)
    near = scale * (unit @ unit.T) - 1e4 * torch.eye(len(unit))
    same = (identity[:, None] == identity[None]) & ~torch.eye(len(unit), dtype=torch.bool)
    share = near - near.logsumexp(1, keepdim=True)
    loss = -(share * same).sum(1) / same.sum(1)
    return loss.mean(), same.gather(1, near.argmax(1, keepdim=True)).float().mean()


# ---- Training ---------------------------------------------------------------------------------------------------------

def keep_memory():
    """glibc gives large blocks back to the system and takes them anew, page by page: a seventh of the time of a batch."""
    if sys.platform == 'linux':
        mmap_max, trim_threshold = -4, -1  # of malloc.h
        ctypes.CDLL(None).mallopt(mmap_max, 0)
        ctypes.CDLL(None).mallopt(trim_threshold, 2**31 - 1)


def rate(done, total, most):
    return most * min(1.0, done / (0.02 * total)) * 0.5 * (1 + math.cos(math.pi * min(1.0, done / total)))


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
    print(f'{len(pixels)} crops of {identity.max() + 1} identities from {len(np.unique(camera))} cameras, seed {a.seed}', flush=True)
    net = HanSmall().to(memory_format=torch.channels_last)
    # Where regions lie changes slowly: at the rate of all others they run into the corners, and nothing brings them back.
    regions = [p for name, p in net.named_parameters() if '.regions.' in name]
    rest_of = [p for name, p in net.named_parameters() if '.regions.' not in name]
    decayed, others = ([p for p in rest_of if (p.ndim > 1) == large] for large in (True, False))
    optimizer = torch.optim.AdamW([{'params': decayed, 'weight_decay': 0.02, 'share': 1.0},
                                   {'params': others, 'weight_decay': 0.0, 'share': 1.0},
                                   {'params': regions, 'weight_decay': 0.02, 'share': 0.05}])
    done = 0
    rest = a.out.with_name(a.out.name + '.resume')
    if a.resume and a.out.exists():
        net.load_state_dict(torch.load(a.out)['state_dict'])
        kept = torch.load(rest)
        optimizer.load_state_dict(kept['optimizer'])
        done = kept['pictures']
        generator = np.random.default_rng([a.seed, done])
        print(f'goes on after {done} pictures', flush=True)
    batches = Batches(identity, camera, a.streets, a.identities, generator)
    began, shown = time.monotonic(), done
    net.train()
    step, losses, hits = 0, [], []

    def keep():
        save(rest, {'optimizer': optimizer.state_dict(), 'pictures': done})
        save(a.out, {'state_dict': net.state_dict()})

    while done < a.pictures:
        places = batches.next()
        who = torch.from_numpy(identity[places])
        x = augment(pixels[places], generator)
        if done < a.small * a.pictures:
            x = F.avg_pool2d(x, 2)
        x = x.contiguous(memory_format=torch.channels_last)
        *halves, beyond = net(x)
        whole, hit = contrast(torch.cat([F.normalize(h) for h in halves], 1), who)
        loss = whole + sum(contrast(h, who)[0] for h in halves) + beyond
        for group in optimizer.param_groups:
            group['lr'] = group['share'] * rate(done + len(places), a.pictures, a.rate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        done += len(places)
        step += 1
        losses.append(loss.item())
        hits.append(hit.item())
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
    p.add_argument('--pictures', type=int, default=290_000, help='to be seen in all (%(default)s)')
    p.add_argument('--streets', type=int, default=2, help='of a batch (%(default)s)')
    p.add_argument('--identities', type=int, default=16, help='of each street (%(default)s)')
    p.add_argument('--small', type=float, default=0.6, help='share of the pictures that are seen in half the size, first '
                   '(%(default)s)')
    p.add_argument('--rate', type=float, default=2e-3, help='of learning, at its highest (%(default)s)')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--resume', action='store_true')
    train(p.parse_args())


if __name__ == '__main__':
    main()
