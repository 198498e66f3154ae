#!/usr/bin/env python3
"""Proves `clreid evaluate` and `clreid match --rerank` against an evaluation in plain NumPy, written from the definitions:
random label sets with ties, persons of one camera and junk among them.

Exit status 77: skipped, NumPy is not installed. Run one test with: CLREID_COMMAND=build/samples/clreid
test_evaluate.py Evaluate.test_NAME; the seeds are those in the code.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError as e:
    print(f'SKIPPED: {e}; the plain evaluation needs NumPy (Debian: python3-numpy)')
    sys.exit(77)

COMMAND = os.environ.get('CLREID_COMMAND', 'build/samples/clreid')
SETS = 20


# ---- The definitions

def unit(x):
    norms = np.sqrt((x * x).sum(1, keepdims=True))
    return np.divide(x, norms, out=np.zeros_like(x), where=norms > 0)


def squared(a, b):
    """Differences, not products: equal pairs are equally far."""
    return np.array([((row - b) ** 2).sum(1) for row in a])


def plain_distances(query, gallery, metric):
    if metric == 'euclidean':
        return np.sqrt(squared(query, gallery))
    a, b = unit(query), unit(gallery)
    return 1 - np.array([(row * b).sum(1) for row in a])


def evaluate(distances, query, gallery):
    """(mAP, cmc) of distances[queries][entries] and labels[n][2]."""
    precisions, firsts = [], []
    for q, (person, camera) in enumerate(query):
        if person == -1:
            continue
        kept = [g for g in np.argsort(distances[q], kind='stable')
                if gallery[g][0] != -1 and tuple(gallery[g]) != (person, camera)]
        ranks = [r for r, g in enumerate(kept) if gallery[g][0] == person]
        if ranks:
            precisions.append(np.mean([(n + 1) / (r + 1) for n, r in enumerate(ranks)]))
            firsts.append(ranks[0])
    cmc = [np.mean([first <= k for first in firsts]) for k in range(len(gallery))]
    return np.mean(precisions), cmc


def reranked_distances(query, gallery, metric, k1=20, k2=6, weight=0.3):
    """Zhong et al. 2017, section 3: dense matrices and sets, word by word."""
    everything = np.concatenate([query, gallery])
    if metric == 'cosine':
        everything = unit(everything)
    d = squared(everything, everything)
    d = (d / d.max(0)).T
    count = len(d)
    order = np.argsort(d, axis=1, kind='stable')

    def mutual(i, k):
        return {j for j in order[i, :k + 1] if i in order[j, :k + 1]}

    half = int(np.around(k1 / 2))
    v = np.zeros((count, count))
    for i in range(count):
        own = mutual(i, k1)
        wide = set(own)
        for j in own:
            more = mutual(j, half)
            if len(more & own) > 2 / 3 * len(more):
                wide |= more
        wide = sorted(wide)
        v[i, wide] = np.exp(-d[i, wide])
        v[i] /= max(v[i].sum(), 1e-300)
    if k2 > 1:
        v = np.array([v[order[i, :k2]].mean(0) for i in range(count)])
    n = len(query)
    least = np.array([np.minimum(v[i], v[n:]).sum(1) for i in range(n)])
    most = np.array([np.maximum(v[i], v[n:]).sum(1) for i in range(n)])
    return (1 - weight) * (1 - least / most) + weight * d[:n, n:]


def joined(features, labels):
    keys = sorted({tuple(label) for label in labels})
    means = [features[[tuple(label) == key for label in labels]].mean(0) for key in keys]
    return np.array(means), np.array(keys)


# ---- Random sets

class Set:
    """Persons round centres, seen by cameras; features that stand there twice, or twice as long, make equal distances, and
    integers many more (of L2 distances: cosines of integers are equal but for rounding, so nobody's order is right)."""

    def __init__(self, seed, folder, integers=False):
        random = np.random.default_rng(seed)
        self.persons, self.cameras = random.integers(3, 12), random.integers(2, 5)
        self.length = int(random.choice([1, 7, 16, 33, 130]))
        self.centres = random.normal(size=(self.persons + 2, self.length))
        self.random, self.integers, self.folder = random, integers, folder
        self.query, self.query_labels = self.part(random.integers(5, 25))
        self.gallery, self.gallery_labels = self.part(random.integers(30, 120))
        twins = random.integers(0, len(self.gallery), 20)
        self.gallery[twins[:10]] = self.gallery[twins[10:]] * random.choice([1, 2], (10, 1))
        self.query[0] = self.gallery[0]
        self.query_labels[1] = 1, 0  # person 1 is seen by two cameras at least, so that one query counts
        self.gallery_labels[:2] = (1, 1), (1, 0)

    def part(self, count):
        people = self.random.integers(1, self.persons + 1, count)
        cameras = self.random.integers(0, self.cameras, count)
        cameras[people == 2] = 0  # a person whom one camera sees
        people[self.random.random(count) < 0.1] = -1
        features = self.centres[people] + self.random.normal(size=(count, self.length)) * 0.8
        features = np.round(features) if self.integers else features
        return features.astype(np.float32), np.stack([people, cameras], 1)

    def write(self):
        files = []
        for name, features, labels in (('query', self.query, self.query_labels),
                                       ('gallery', self.gallery, self.gallery_labels)):
            np.save(self.folder / f'{name}.npy', features)
            write_labels(self.folder / f'{name}.csv', labels)
            files += [f'--{name}', self.folder / f'{name}.npy', f'--{name}-labels', self.folder / f'{name}.csv']
        return files

    def doubles(self):
        return self.query.astype(float), self.gallery.astype(float)


def write_labels(path, labels):
    path.write_text('pid,camid\n' + ''.join(f'{person},{camera}\n' for person, camera in labels))


def run(command, *words):
    return subprocess.run([COMMAND, command, *map(str, words)], capture_output=True, text=True, check=False)


# ---- The tests

class Evaluate(unittest.TestCase):
    def setUp(self):
        self.kept = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.kept.name)

    def tearDown(self):
        self.kept.cleanup()

    def answer(self, command, *words):
        done = run(command, *words, '--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def compare(self, got, expected, bound, what):
        mean, cmc = expected
        cmc = cmc[:50]
        self.assertLessEqual(abs(got['mAP'] - mean), bound, what)
        self.assertEqual(len(got['cmc']), len(cmc), what)
        self.assertLessEqual(max(abs(np.array(got['cmc']) - cmc)), bound, what)
        for key, rank in (('rank1', 1), ('rank5', 5), ('rank10', 10)):
            self.assertLessEqual(abs(got[key] - cmc[min(rank, len(cmc)) - 1]), bound, what)

    def test_sets(self):
        for seed in range(1, SETS + 1):
            metric = 'euclidean' if seed % 2 else 'cosine'
            one = Set(seed, self.folder, integers=seed % 4 == 1)
            expected = evaluate(plain_distances(*one.doubles(), metric), one.query_labels, one.gallery_labels)
            got = self.answer('evaluate', *one.write(), '--metric', metric)
            self.compare(got, expected, 1e-6, f'seed {seed}, {metric}')

    def test_reranked_sets(self):
        for seed in range(1, SETS + 1):
            one = Set(seed, self.folder)
            metric = 'cosine' if seed % 2 else 'euclidean'
            k1, k2, share = [(20, 6, 0.3), (25, 10, 0.1), (7, 1, 0.0), (13, 3, 1.0)][seed % 4]
            distances = reranked_distances(*one.doubles(), metric, k1, k2, share)
            expected = evaluate(distances, one.query_labels, one.gallery_labels)
            words = ['--rerank', '--k1', k1, '--k2', k2, '--lambda', share] if seed % 4 else ['--rerank']
            got = self.answer('evaluate', *one.write(), '--metric', metric, *words)
            self.compare(got, expected, 5e-3, f'seed {seed}, {metric}, {k1} / {k2} / {share}')

    def test_the_papers_wide_setting(self):
        one = Set(101, self.folder)
        distances = reranked_distances(*one.doubles(), 'cosine', 75, 10, 0.1)
        expected = evaluate(distances, one.query_labels, one.gallery_labels)
        got = self.answer('evaluate', *one.write(), '--rerank', '--k1', 75, '--k2', 10, '--lambda', 0.1)
        self.compare(got, expected, 5e-3, '75 / 10 / 0.1')

    def test_multiple_queries(self):
        for seed in (201, 202, 203):
            one = Set(seed, self.folder)
            query, gallery = one.doubles()
            query, labels = joined(query, one.query_labels)
            for metric in ('cosine', 'euclidean'):
                expected = evaluate(plain_distances(query, gallery, metric), labels, one.gallery_labels)
                got = self.answer('evaluate', *one.write(), '--metric', metric, '--multi-query')
                self.compare(got, expected, 1e-6, f'seed {seed}, {metric}')
                self.assertEqual(got['queries'], len(labels))

    def test_matches(self):
        """The order and the distances of `match --rerank`."""
        one = Set(301, self.folder)
        expected = reranked_distances(*one.doubles(), 'cosine')
        files = one.write()
        got = self.answer('match', *files[0:2], *files[4:6], '--rerank', '--top', 15)
        self.assertEqual(len(got), len(one.query))
        for q, row in enumerate(got):
            self.assertEqual(row['query'], q)
            distances = [match['distance'] for match in row['matches']]
            self.assertEqual(distances, sorted(distances))
            self.assertLess(np.abs(np.sort(expected[q])[:15] - distances).max(), 1e-5)
            for match in row['matches']:
                self.assertLess(abs(expected[q, match['index']] - match['distance']), 1e-5)

    def test_two_runs_are_equal(self):
        files = Set(401, self.folder).write()
        for words in ([], ['--rerank']):
            outputs = {run('evaluate', *files, *words, '--json').stdout for _ in range(3)}
            self.assertEqual(len(outputs), 1)


class WrongInput(unittest.TestCase):
    def setUp(self):
        self.kept = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.kept.name)
        self.set = Set(501, self.folder)
        self.files = self.set.write()

    def tearDown(self):
        self.kept.cleanup()

    def refused(self, code, *says, words=(), command='evaluate', files=None):
        done = run(command, *(self.files if files is None else files), *words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        for part in says:
            self.assertIn(str(part), done.stderr)

    def test_labels(self):
        good = (self.folder / 'gallery.csv').read_text()
        count = len(self.set.gallery)
        for text, *says in (
                (good + '1,2\n', count + 1, count),
                (good[:good.rindex('\n', 0, -1) + 1], count - 1, count),
                ('', 'line 1', 'pid,camid'),
                ('pid;camid\n' + good[10:], 'line 1', 'pid;camid'),
                (good.replace('pid,camid\n', ''), 'line 1', 'pid,camid'),
                ('pid,camid\n1,2\n3\n', 'line 3'),
                ('pid,camid\n1,2\n\n', 'line 3'),
                ('pid,camid\n1,2,3\n', 'line 2'),
                ('pid,camid\n1.5,2\n', 'line 2', '1.5,2'),
                ('pid,camid\n1,\n', 'line 2'),
                ('pid,camid\n+1,2\n', 'line 2'),
                ('pid,camid\n0x1,2\n', 'line 2'),
                ('pid,camid\n9223372036854775808,2\n', 'line 2'),
                ('pid,camid\n' + '1' * 5000 + ',2\n', 'line 2', '4096'),
                ('pid,camid\n1,2\n1,\0\n', 'line 3', 'zero byte')):
            (self.folder / 'gallery.csv').write_text(text)
            self.refused(1, 'gallery.csv', *says)

    def test_labels_of_other_systems(self):
        before = run('evaluate', *self.files).stdout
        text = (self.folder / 'gallery.csv').read_text()
        (self.folder / 'gallery.csv').write_bytes(b'\xef\xbb\xbf' + text.replace('\n', '\r\n').rstrip().encode())
        self.assertEqual(run('evaluate', *self.files).stdout, before)

    def test_label_files_that_are_none(self):
        os.mkfifo(self.folder / 'pipe')
        for path in (self.folder, self.folder / 'missing.csv', self.folder / 'pipe', '/dev/zero'):
            self.refused(1, path, files=self.files[:-1] + [path])

    def test_no_query_counts(self):
        write_labels(self.folder / 'query.csv', [(999, 0)] * len(self.set.query))
        self.refused(1, len(self.set.query), len(self.set.gallery), 'true match')
        write_labels(self.folder / 'query.csv', [(-1, 0)] * len(self.set.query))
        self.refused(1, 'true match')
        self.refused(1, 'true match', words=['--rerank'])

    def test_features(self):
        broken = self.set.gallery.copy()
        broken[5, 0] = np.nan
        broken[17, 0] = np.inf
        np.save(self.folder / 'gallery.npy', broken)
        self.refused(1, '(5, 17)')
        files = self.files[0:2] + self.files[4:6]
        self.refused(1, '(5, 17)', command='match', files=files, words=['--rerank'])
        np.save(self.folder / 'gallery.npy', np.zeros((len(broken), self.set.length + 1), np.float32))
        self.refused(1, self.set.length, self.set.length + 1)
        self.refused(1, self.set.length, self.set.length + 1, command='match', files=files, words=['--rerank'])

    def test_settings(self):
        entries = len(self.set.query) + len(self.set.gallery)
        self.refused(1, entries, entries - 1, words=['--rerank', '--k1', entries])
        self.refused(1, 'k2 is 9', words=['--rerank', '--k1', 7, '--k2', 9])
        for share in ('1.1', '-0.1', 'nan', '', '0.5x', '1e-1', '.', '1..0', 'inf', '0x1'):
            self.refused(2, '--lambda', words=['--rerank', f'--lambda={share}'])
        for words in (['--k1', 20], ['--k2', 6], ['--lambda', '0.3']):
            self.refused(2, words[0], '--rerank', words=words)
        self.refused(2, '--k1', words=['--rerank', '--k1', 0])


if __name__ == '__main__':
    unittest.main()
