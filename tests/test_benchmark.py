#!/usr/bin/env python3
"""Proves docs/benchmark.py: turns, results, the table, with programs that only say how fast they are.

Run one test with: test_benchmark.py Benchmark.test_NAME
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / 'docs' / 'benchmark.py'
PAGE = 'before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n'

# Stands for any engine: notes its turn, and says the time that comes next in its list.
ENGINE = """#!{python}
import json, pathlib, sys
log = pathlib.Path('{folder}/log')
turns = log.read_text().split() if log.exists() else []
log.write_text(' '.join(turns + ['{name}']))
print(json.dumps({{'ms_per_image': {times}[turns.count('{name}')], 'version': '1.5', 'device': 'a device', 'launches': 7}}))
"""


class Benchmark(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.out = self.folder / 'result.json'
        self.page = self.folder / 'page.md'
        self.page.write_text(PAGE)

    def tearDown(self):
        self.temporary.cleanup()

    def engine(self, name, times):
        path = self.folder / name
        path.write_text(ENGINE.format(python=sys.executable, folder=self.folder, name=name, times=times))
        path.chmod(0o755)
        return str(path)

    def run_script(self, *arguments, status=0, says=''):
        done = subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(says, done.stderr)
        return done.stdout

    def compare(self, *more, **keywords):
        return self.run_script('compare', '--network', 'rga-sc', '--out', self.out, *more, **keywords)

    def test_engines_take_turns_and_medians_count(self):
        ours, theirs = self.engine('clreid', [2.0, 9.0, 3.0]), self.engine('other', [6.0, 4.0, 5.0])
        self.compare('--clreid', ours, '--engine', f'Other={theirs} --fast', '--rounds', 3, '--batch', 4)
        self.assertEqual((self.folder / 'log').read_text(), 'clreid other ' * 2 + 'clreid other')
        result = json.loads(self.out.read_text())
        self.assertEqual(result['engines']['Other'], {'ms_per_image': [6.0, 4.0, 5.0], 'version': '1.5'})
        self.assertEqual(result['commands']['clreid'][1:], 'bench --network rga-sc --batch 4 --json'.split())
        self.run_script('table', self.out, '--page', self.page)
        page = self.page.read_text()
        self.assertTrue(page.startswith('before\n<!-- measured: begin -->\n'))
        self.assertTrue(page.endswith('\n<!-- measured: end -->\nafter\n'))
        self.assertNotIn('old', page)
        self.assertIn('| rga-sc, 4 | 3.00 | 5.00 | 0.60 | 7 |\n', page)
        self.assertIn('Other 1.5', page)
        self.run_script('table', self.out, '--page', self.page)  # again: the same
        self.assertEqual(self.page.read_text(), page)

    def test_engines_that_only_some_results_have(self):
        ours, theirs = self.engine('clreid', [2.0, 120.4]), self.engine('other', [40.0])
        self.compare('--clreid', ours, '--rounds', 1)
        second = self.folder / 'second.json'
        self.compare('--clreid', ours, '--rounds', 1, '--engine', f'Other={theirs}', '--out', second)
        self.run_script('table', self.out, second, '--page', self.page)
        page = self.page.read_text()
        self.assertIn('| rga-sc, 1 | 2.00 | - | - | 7 |\n', page)
        self.assertIn('| rga-sc, 1 | 120 | 40 | 3.01 | 7 |\n', page)

    def test_an_engine_that_fails_is_named(self):
        ours = self.engine('clreid', [2.0, 2.0])
        self.compare('--clreid', ours, '--engine', 'Other=false', status=1, says='Other ended with 1')
        self.compare('--clreid', ours, '--engine', 'Other=echo 5', status=1, says='Other printed no JSON object')
        self.compare('--clreid', ours, '--engine', 'Other', status=2, says='NAME=COMMAND')
        self.assertFalse(self.out.exists())

    def test_wrong_files(self):
        self.out.write_text('{"network": "rga-sc"}')
        self.run_script('table', self.out, '--page', self.page, status=1, says='is no result')
        self.run_script('table', self.folder / 'none', '--page', self.page, status=1, says='is no result')
        self.compare('--clreid', self.engine('clreid', [2.0]), '--rounds', 1)
        for text in ('no marks\n', PAGE + PAGE, '<!-- measured: end -->\n<!-- measured: begin -->\n'):
            self.page.write_text(text)
            self.run_script('table', self.out, '--page', self.page, status=1, says='once each')
            self.assertEqual(self.page.read_text(), text)
        self.run_script('table', self.out, '--page', self.folder / 'none', status=1, says='cannot read')

    def test_wrong_usage(self):
        for arguments in ((), ('compare',), ('table',), ('time', 'caffe', '--model', 'x'),
                          ('compare', '--network', 'rga-sc', '--out', 'x', '--batch', '0')):
            self.run_script(*arguments, status=2)


if __name__ == '__main__':
    unittest.main()
