#!/usr/bin/env python3
"""Runs what the documents tell a reader to type: every shell block of README.md, CONTRIBUTING.md, docs/, samples/ and of the
manual page, in its order, against an installation; Python and C blocks run, C++ blocks compile, CMake blocks configure.
documents_table.py says what is run instead and why; links lead somewhere; the guide knows every environment variable.

    tests/test_documents.py [DOCUMENT ...]      under ctest's variables: SOURCE_FOLDER, BUILD_FOLDER, CLREID_LIBRARY

In a document an indented block is shell, a fenced one says what it is: sh, c, cpp, cmake, python, csv or text, and after it the
name of the file that it stands for, which the commands below it find. Each document has a folder of its own with a copy of the
repository and what the documents take for given: weights, pictures, a checkpoint, two videos.
"""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from documents import blocks, commands, documents, unknown_commands, unknown_variables, wrong_links
from documents_table import (C_BEGIN, C_COMPILED, C_PROGRAM, CMAKE_BEGIN, CMAKE_INSTEAD, PYTHON_BEGIN, PYTHON_NEEDS, TABLE,
                             Instead, Once)

SECONDS = 900  # that a command may take, on a machine that has other work too
FENCED = ('sh', 'c', 'cpp', 'cmake', 'python', 'csv', 'text')
PROGRAMS = re.compile(r'\s*(clreid|cmake|ctest|sh|cc|c\+\+|pip|python3?)(-[a-z]+)? ')
WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-Wno-unused-variable', '-Wno-unused-but-set-variable']
failures = []


def say(outcome, title, detail=''):
    print(f'{outcome:8} {title}' + ''.join(f'\n         {line}' for line in detail.splitlines()[-30:]), flush=True)
    if outcome == 'FAIL':
        failures.append(title)


# ---- What they take for given -----------------------------------------------------------------------------------------

def write_checkpoint(weights, path):
    """A PyTorch checkpoint with the tensors of a weight file, as training code leaves one."""
    import json
    import numpy
    import torch
    raw = weights.read_bytes()
    length = int.from_bytes(raw[:8], 'little')
    state = {}
    for name, entry in json.loads(raw[8:8 + length]).items():
        if name != '__metadata__':
            begin, end = (8 + length + offset for offset in entry['data_offsets'])
            state['module.' + name] = torch.from_numpy(
                numpy.frombuffer(raw[begin:end], '<f4').reshape(entry['shape']).copy())
    torch.save({'state_dict': state}, path)


def make_fixtures(folder, run):
    folder.mkdir()
    run('clreid weights --network han-small --seed 1 --out W.safetensors', folder)
    run('clreid-street --crops all --seed 4 --persons 4 --vehicles 1 --views 1', folder)
    for name, camera in (('query', 1), ('gallery', 2)):
        (folder / name).mkdir()
        for person in sorted({p.name[:5] for p in (folder / 'all').iterdir()})[:2]:
            for p in (folder / 'all').glob(f'{person}_c{camera:03}*'):
                shutil.copy(p, folder / name)
        rows = len(list((folder / name).iterdir()))
        labels = ''.join(f'{row + 1},{camera}\n' for row in range(rows))
        (folder / f'{name[0].upper()}.csv').write_text('pid,camid\n' + labels)
    run('clreid embed --weights W.safetensors --out torch.npy query/*', folder)
    run('clreid-street --out films --seed 4 --seconds 1 --persons 2 --vehicles 1', folder)
    for number, name in ((1, 'A'), (2, 'B')):
        shutil.move(folder / f'films/camera{number}.mp4', folder / f'{name}.mp4')
        shutil.move(folder / f'films/camera{number}.det.txt', folder / f'{name}.det.txt')
    shutil.rmtree(folder / 'films')
    shutil.rmtree(folder / 'all')
    (folder / 'rows').mkdir()
    if importlib.util.find_spec('torch'):
        write_checkpoint(folder / 'W.safetensors', folder / 'checkpoint.pth')


def copy_repository(source, build, fixtures, to):
    leave = shutil.ignore_patterns('build', '.git', 'golden', '__pycache__', '*.egg-info')
    shutil.copytree(source, to, ignore=leave)
    (to / 'build').symlink_to(build)
    shutil.copytree(fixtures, to, dirs_exist_ok=True)


# ---- Running ----------------------------------------------------------------------------------------------------------

class Place:
    """A document's folder, and how its blocks are tried there."""

    done = set()  # commands that are run once in all

    def __init__(self, name, folder, environment):
        self.name, self.folder, self.environment, self.count = name, folder, environment, 0

    def run(self, command, cwd=None):
        try:
            done = subprocess.run(command, cwd=cwd or self.folder, env=self.environment, timeout=SECONDS, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            return 1, f'not done after {SECONDS} s'
        except OSError as e:
            return 1, str(e)
        return done.returncode, done.stdout

    def check(self, title, command, cwd=None, outcome='ok'):
        code, said = self.run(command, cwd)
        say('FAIL' if code else outcome, f'{self.name}: {title}', said if code else '')

    def sh(self, block):
        for command in commands(block):
            entry, instead = TABLE.get(command), command
            if isinstance(entry, Once):
                if command in self.done:
                    continue
                self.done.add(command)
            elif isinstance(entry, Instead):
                instead = entry.run
                if entry.needs and not importlib.util.find_spec(entry.needs):
                    instead, entry = None, Instead(f'no {entry.needs} here')
                if not instead:
                    say('not run', f'{self.name}: {command}', entry.why)
                    continue
            self.check(command if instead == command else f'{command}\n         as {instead}', ['sh', '-ec', instead])

    def python(self, block):
        if any(text in block for text in PYTHON_NEEDS):
            compile(block, self.name, 'exec')
            return say('not run', f'{self.name}: a Python block, compiled', 'what it exports is the reader\'s')
        self.check('a Python block', [sys.executable, '-c', PYTHON_BEGIN + block])

    def c(self, block):
        whole = 'int main(' in block
        if not whole:
            includes = ''.join(re.findall(r'^#include.*\n', block, re.M))
            block = C_BEGIN + includes + C_PROGRAM % re.sub(r'^#include.*\n', '', block, flags=re.M)
        program = self.compile('c', ['cc', '-std=c11'], block)
        if program.exists() and not whole and not any(text in block for text in C_COMPILED):
            self.check(f'block {self.count} of C runs', [program, 'W.safetensors'])

    def cpp(self, block):
        if shutil.which('c++'):
            self.compile('cc', ['c++', '-std=c++11'], block)
        else:
            say('not run', f'{self.name}: a C++ block', 'no C++ compiler here')

    def compile(self, suffix, compiler, block):
        self.count += 1
        path = self.folder / f'block{self.count}.{suffix}'
        path.write_text(block)
        library = pathlib.Path(self.environment['CLREID_LIBRARY'])
        self.check(f'block {self.count} of {suffix} compiles', [
            *compiler, *WARNINGS, '-I', self.environment['PREFIX'] + '/include', path, library, '-lm', '-o', path.with_suffix('')])
        return path.with_suffix('')

    def cmake(self, block):
        if 'project(' in block:
            return  # a whole file, which the commands below it use
        folder = self.folder / 'outer'
        folder.mkdir()
        (folder / 'app.c').write_text('int main(void) { return 0; }\n')
        (folder / 'CMakeLists.txt').write_text(CMAKE_BEGIN + block.replace(*CMAKE_INSTEAD))
        self.check('a CMake block configures', ['cmake', '-S', '.', '-B', 'build'], folder)

    def text(self, block):
        for line in block.split('\n'):
            if PROGRAMS.match(line):
                say('FAIL', f'{self.name}: a command in a text block: {line}', 'indent it, so that it is run')

    def csv(self, block):
        if not all(line.count(',') == block.split('\n')[0].count(',') for line in block.split('\n') if line):
            say('FAIL', f'{self.name}: rows of a CSV block differ in their columns')

    def walk(self, path):
        for language, file, block in blocks(path):
            if language not in FENCED:
                say('FAIL', f'{self.name}: a block of {language or "no language"}', f'say one of {", ".join(FENCED)}')
                continue
            if file:
                (self.folder / file).write_text(block)
            getattr(self, language)(block)


# ---- All of it ---------------------------------------------------------------------------------------------------------

def main(arguments):
    library = os.environ.get('CLREID_LIBRARY')
    if not library:
        print('SKIPPED: the library is static in this build, and Python needs a shared one')
        return 77
    source, build = pathlib.Path(os.environ['SOURCE_FOLDER']), pathlib.Path(os.environ['BUILD_FOLDER'])
    if not (build / 'samples/clreid-video').exists():
        print('SKIPPED: built with CLREID_VIDEO=OFF, and the documents run clreid-video')
        return 77
    if not importlib.util.find_spec('numpy'):
        print('SKIPPED: no numpy')
        return 77
    paths = documents(source)
    for title, wrong in (('the table has what documents have', unknown_commands(TABLE, paths)),
                         ('links lead to files and titles', list(wrong_links(source, paths))),
                         ('the guide has all environment variables', unknown_variables(source))):
        for line in wrong:
            say('FAIL', line)
        if not wrong:
            say('ok', title)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / 'prefix'
        subprocess.run(['cmake', '--install', build, '--prefix', prefix], check=True, stdout=subprocess.DEVNULL)
        libraries = next(prefix.rglob('clreid.pc')).parent.parent
        (folder / 'bin').mkdir()
        (folder / 'bin/python3').symlink_to(sys.executable)
        environment = {**os.environ, 'PREFIX': str(prefix), 'CMAKE_PREFIX_PATH': str(prefix), 'TMPDIR': name,
                       'PATH': f'{folder}/bin:{prefix}/bin:{build}/samples:{os.environ["PATH"]}',
                       'PKG_CONFIG_PATH': f'{libraries}/pkgconfig', 'LD_LIBRARY_PATH': str(libraries),
                       'CLREID_LIBRARY': str(libraries / pathlib.Path(library).name), 'PYTHONDONTWRITEBYTECODE': '1',
                       'PYTHONPATH': str(source / 'samples/python'), 'CLREID_TUNING': f'{folder}/tuning'}

        def prepare(command, cwd):
            code, said = Place('', cwd, environment).run(['sh', '-ec', command])
            if code:
                sys.exit(f'what the documents take for given cannot be made: {command}: {said}')

        make_fixtures(folder / 'fixtures', prepare)
        for path in paths:
            title = str(path.relative_to(source))
            if arguments and title not in arguments or not blocks(path):
                continue
            place = folder / title.replace('/', '.')
            copy_repository(source, build, folder / 'fixtures', place)
            Place(title, place, environment).walk(path)
            shutil.rmtree(place)
    print(f'{len(failures)} failed')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
